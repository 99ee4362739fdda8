"""What operators read: models' cards, and the load test's reports. No decisions here."""

import asyncio

from starlette.responses import JSONResponse, Response

from gateway.caller import Caller
from gateway.core import Core
from gateway.http.document.phrases import TEXT, content, fields, good, operation
from gateway.http.document.schema import Json
from gateway.http.endpoint import Endpoint
from gateway.http.fields import Fields
from parley.errors import BadInput
from parley.v1.models_pb2 import ModelsCardRequest, ModelsCardResponse

CARD = "/parley.v1.Models/Card"
RUN: Json = {"name": "2026-11-26T08-20-35", "verdict": "HELD", "when": "2026-11-26 08:27:14"}
RUNS: Json = {"type": "array", "items": {"type": "object"}}


def _query(name: str, example: str, *, required: bool = True) -> Json:
    schema = TEXT | ({"minLength": 1} if required else {})
    return {"name": name, "in": "query", "required": required, "schema": schema, "example": example}


PATHS: Json = {
    "/v1/card": {
        "get": operation(
            "What the author of a model says of it: where it comes from, how good it is, what it is not for",
            good("Markdown.", content("application/json", fields(("text",), text=TEXT), {"text": "# nano 1"})),
            curl="curl 'http://localhost:8080/v1/card?stage=asr&model=whisper-tiny.en-live@1'",
        )
        | {"parameters": [_query("stage", "asr"), _query("model", "whisper-tiny.en-live@1")]}
    },
    "/v1/sla": {
        "get": operation(
            "Reports of the load test, or one of them with what was promised and measured",
            good("The newest first.", content("application/json", fields(reports=RUNS), {"reports": [RUN]})),
            curl="curl http://localhost:8080/v1/sla",
        )
        | {"parameters": [_query("name", str(RUN["name"]), required=False)]}
    },
}


class ReadingApi:
    """One method an endpoint."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [Endpoint("GET", "/v1/card", self.card), Endpoint("GET", "/v1/sla", self.sla)]

    async def card(self, fields: Fields, caller: Caller) -> Response:
        """A version's card, from a service that has it."""
        fields.only(("stage", "model"))
        stage, model = fields.text("stage"), fields.text("model")
        if not stage or not model:
            raise BadInput("Say `stage` and `model`, e.g. /v1/card?stage=asr&model=whisper-tiny.en-live@1.")
        answer = await self._core.unary(stage, CARD, ModelsCardRequest(model=model).SerializeToString(), caller)
        return JSONResponse({"text": ModelsCardResponse.FromString(answer).text})

    async def sla(self, fields: Fields, caller: Caller) -> Response:
        """All reports in a few words, or one with its numbers."""
        fields.only(("name",))
        if name := fields.text("name"):
            return JSONResponse(await asyncio.to_thread(self._core.sla.one, name))
        return JSONResponse({"reports": await asyncio.to_thread(self._core.sla.all)})
