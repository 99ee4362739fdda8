"""The operators' endpoints: what goes on; routes shown, changed, rolled back. No decisions here."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

from starlette.responses import JSONResponse, Response

from gateway.caller import Caller
from gateway.core import Core
from gateway.http import refusal
from gateway.http.document.phrases import content, fields, good, operation
from gateway.http.document.schema import Json
from gateway.http.endpoint import Endpoint
from gateway.http.fields import Fields
from gateway.http.sse import EventStream
from parley.budget import Budget
from parley.wire.why import WHY, said

ROUTES = {"asr/default": {"nano@3": 90, "nano@4": 10}}
TABLES: Json = {"type": "object", "additionalProperties": {"type": "object"}}
CHANGES: Json = {"type": "object", "additionalProperties": {"type": ["object", "null"]}, "minProperties": 1}
SHOWN = good("The routes as they are now.", content("application/json", fields(routes=TABLES), {"routes": ROUTES}))
LINES: Json = {"type": "array", "items": {"type": "object"}}
LINE: Json = {"at": "2026-03-01T10:00:00Z", "what": "change", "by": "ops", "why": "v2 hears numbers"}
LINE |= {"changes": {"asr/default": {"from": {"nano@3": 100}, "to": {"nano@4": 100}}}}
CURL = "curl http://localhost:8080/v1/routes"
PATHS: Json = {
    "/v1/routes": {"get": operation("The routes: what each alias means", SHOWN, curl=CURL)},
    "/v1/routes/change": {
        "post": operation(
            "Change routes; null takes one away. The header `parley-why`, percent-encoded, is kept with who and when",
            SHOWN,
            content("application/json", CHANGES, ROUTES),
            curl=CURL + "/change -H 'content-type: application/json' -d '" + '{"asr/default": {"nano@4": 100}}' + "'",
        )
    },
    "/v1/routes/rollback": {
        "post": operation("One step back, each time", SHOWN, curl=f"{CURL}/rollback -X POST"),
    },
    "/v1/routes/history": {
        "get": operation(
            "Who changed which route, when and why; the newest first",
            good("The changes.", content("application/json", fields(history=LINES), {"history": [LINE]})),
            curl=f"{CURL}/history",
        )
    },
    "/v1/operations": {
        "get": operation(
            "What goes on: stages, replicas, versions with the times of the last hour, refusals, notices",
            good(
                "Server-sent events, one every two seconds, until the caller leaves.",
                content("text/event-stream", {"type": "string"}, 'data: {"streams": 3, "stages": {}}\n\n'),
            ),
            curl="curl -N http://localhost:8080/v1/operations",
        )
    },
}
SHOWN_MOST = 200  # changes
EVERY_S = 2.0  # between two events


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
            Endpoint("GET", "/v1/routes/history", self.history),
            Endpoint("GET", "/v1/operations", self.operations),
        ]

    async def show(self, fields: Fields, caller: Caller) -> Response:
        """The routes: which versions each alias means."""
        book = self._core.board.book
        return JSONResponse({"routes": book.tables} | ({"fault": book.fault} if book.fault else {}))

    async def change(self, fields: Fields, caller: Caller) -> Response:
        """Changes the routes that the body names."""
        await self._core.board.reroute(fields.values, self._by(caller), _why(caller))
        return await self.show(fields, caller)

    async def roll_back(self, fields: Fields, caller: Caller) -> Response:
        """Takes the last change back that is not taken back yet."""
        self._core.board.book.roll_back(self._by(caller), _why(caller))
        return await self.show(fields, caller)

    async def history(self, fields: Fields, caller: Caller) -> Response:
        """Who changed which route, when and why."""
        return JSONResponse({"history": self._core.board.book.change_log.last(SHOWN_MOST)})

    async def operations(self, fields: Fields, caller: Caller) -> Response:
        """What goes on, again and again; a gateway that drains lets its operators go first."""
        core = self._core

        async def states() -> AsyncGenerator[Mapping[str, object]]:
            while not core.admission.draining:
                yield core.operations.state() | {"rollouts": core.rollouts.in_short()}
                await asyncio.sleep(EVERY_S)

        return EventStream(states(), refusal.ours, Budget.of(None), dict)

    def _by(self, caller: Caller) -> str:
        return self._core.keys.of(caller.metadata).name or "anybody"


def _why(caller: Caller) -> str:
    return said(caller.metadata.get(WHY, ""))
