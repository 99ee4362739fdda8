"""The operators' endpoints: routes shown, changed, rolled back. No decisions here."""

from starlette.responses import JSONResponse, Response

from gateway.caller import Caller
from gateway.core import Core
from gateway.http.document.phrases import content, fields, good, operation
from gateway.http.document.schema import Json
from gateway.http.endpoint import Endpoint
from gateway.http.fields import Fields

ROUTES = {"asr/default": {"nano@3": 90, "nano@4": 10}}
TABLES: Json = {"type": "object", "additionalProperties": {"type": "object"}}
CHANGES: Json = {"type": "object", "additionalProperties": {"type": ["object", "null"]}, "minProperties": 1}
SHOWN = good("The routes as they are now.", content("application/json", fields(routes=TABLES), {"routes": ROUTES}))
CURL = "curl http://localhost:8080/v1/routes"
PATHS: Json = {
    "/v1/routes": {"get": operation("The routes: what each alias means", SHOWN, curl=CURL)},
    "/v1/routes/change": {
        "post": operation(
            "Change routes; null takes one away",
            SHOWN,
            content("application/json", CHANGES, ROUTES),
            curl=CURL + "/change -H 'content-type: application/json' -d '" + '{"asr/default": {"nano@4": 100}}' + "'",
        )
    },
    "/v1/routes/rollback": {
        "post": operation("Routes as before the last change", SHOWN, curl=f"{CURL}/rollback -X POST"),
    },
}


class Admin:
    """One method an endpoint."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [
            Endpoint("GET", "/v1/routes", self.show),
            Endpoint("POST", "/v1/routes/change", self.change),
            Endpoint("POST", "/v1/routes/rollback", self.roll_back),
        ]

    async def show(self, fields: Fields, caller: Caller) -> Response:
        """The routes: which versions each alias means."""
        book = self._core.board.book
        return JSONResponse({"routes": book.tables} | ({"fault": book.fault} if book.fault else {}))

    async def change(self, fields: Fields, caller: Caller) -> Response:
        """Changes the routes that the body names."""
        await self._core.board.reroute(fields.values, self._by(caller))
        return await self.show(fields, caller)

    async def roll_back(self, fields: Fields, caller: Caller) -> Response:
        """Brings back the routes as they were before the last change."""
        self._core.board.book.roll_back(self._by(caller))
        return await self.show(fields, caller)

    def _by(self, caller: Caller) -> str:
        return self._core.keys.of(caller.metadata).name or "anybody"
