"""The endpoints for versions on trial: begun, shown, stopped, compared; and what has drifted. No decisions here."""

from starlette.responses import JSONResponse, Response

from gateway.caller import Caller
from gateway.core import Core
from gateway.http.document.phrases import TEXT, content, fields, good, operation
from gateway.http.document.schema import Json
from gateway.http.endpoint import Endpoint
from gateway.http.fields import Fields
from gateway.rollouts.canary import CanaryConfig
from parley import config as configs
from parley.errors import BadConfig, FieldInvalid
from parley.wire.why import WHY, said

CURL = "curl http://localhost:8080/v1/rollouts"
NUMBER: Json = {"type": "number"}
LIST: Json = {"type": "array", "items": {"type": "object"}}
CANARY: Json = fields(
    ("alias", "model"),
    alias=TEXT,
    model=TEXT,
    plan={"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 100}, "minItems": 1},
    hold_s={"type": "number", "minimum": 0, "maximum": 604800, "default": 600},
    streams={"type": "integer", "minimum": 1, "maximum": 1000000, "default": 200},
    risk={"type": "number", "minimum": 0.0001, "maximum": 0.5, "default": 0.05},
    shadow={"type": "integer", "minimum": 0, "maximum": 100, "default": 10},
    divergence={"type": "number", "minimum": 0.01, "maximum": 1, "default": 0.3},
) | {"additionalProperties": False}
ASKED = {"alias": "asr/default", "model": "nano@4", "plan": [1, 10, 50, 100], "hold_s": 600}
RUNNING = {"alias": "asr/default", "model": "nano@4", "state": "running", "share": 10, "curve": [{"streams": 20}]}
STATE = good(
    "The canaries. `curve` has a point for so many streams of the new version, with the strength of the evidence "
    "against it in each measure: 1 takes it back.",
    content("application/json", fields(running=LIST, ended=LIST), {"running": [RUNNING], "ended": []}),
)
STOP: Json = fields(("alias",), alias=TEXT, promote={"type": "boolean"}) | {"additionalProperties": False}
JSON_CURL = " -H 'content-type: application/json' -d '"
BOTH: list[Json] = [
    {"name": name, "in": "query", "required": True, "description": what, "schema": TEXT | {"minLength": 1}}
    for name, what in (("stage", "e.g. asr"), ("a", "name@version"), ("b", "name@version"))
]
PATHS: Json = {
    "/v1/rollouts": {"get": operation("Versions on trial, and the last that were", STATE, curl=CURL)},
    "/v1/rollouts/begin": {
        "post": operation(
            "Try a version on a growing share of an alias's streams; it takes itself back where it is worse",
            STATE,
            content("application/json", CANARY, ASKED),
            curl=f'{CURL}/begin{JSON_CURL}{{"alias": "asr/default", "model": "nano@4"}}\'',
        ),
    },
    "/v1/rollouts/stop": {
        "post": operation(
            "End a trial: the route as it was before, or, with promote, everything to the new version",
            STATE,
            content("application/json", STOP, {"alias": "asr/default"}),
            curl=f'{CURL}/stop{JSON_CURL}{{"alias": "asr/default"}}\'',
        )
    },
    "/v1/rollouts/compare": {
        "get": operation(
            "Two versions side by side: latency, errors, quality, and the answers that differ most where they are kept",
            good("The last streams of both.", content("application/json", {"type": "object"}, {"versions": {}})),
            curl=f"'{CURL.removeprefix('curl ')}/compare?stage=asr&a=nano@3&b=nano@4'",
        )
        | {"parameters": BOTH}
    },
    "/v1/drift": {
        "get": operation(
            "Each version's numbers against those that it began with",
            good(
                "`left` says that a number is not what it was: `psi` compares the distributions, `moved` the means.",
                content("application/json", fields(drift=LIST), {"drift": [{"signal": "snr_db", "psi": 0.31}]}),
            ),
            curl="curl http://localhost:8080/v1/drift",
        )
    },
}
PAIR = ("stage", "a", "b")
OWN = ("by", "why")  # said by the key and by a header


class RolloutsApi:
    """One method an endpoint."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [
            Endpoint("GET", "/v1/rollouts", self.show),
            Endpoint("POST", "/v1/rollouts/begin", self.begin),
            Endpoint("POST", "/v1/rollouts/stop", self.stop),
            Endpoint("GET", "/v1/rollouts/compare", self.compare),
            Endpoint("GET", "/v1/drift", self.drift),
        ]

    async def show(self, fields: Fields, caller: Caller) -> Response:
        """Versions on trial."""
        return JSONResponse(self._core.rollouts.shown())

    async def begin(self, fields: Fields, caller: Caller) -> Response:
        """Tries a version."""
        fields.only(name for name in CanaryConfig.__dataclass_fields__ if name not in OWN)
        try:
            asked = configs.build(CanaryConfig, dict(fields.values) | self._who(caller))
        except BadConfig as error:
            raise FieldInvalid(str(error)) from None
        await self._core.rollouts.begin(asked)
        return await self.show(fields, caller)

    async def stop(self, fields: Fields, caller: Caller) -> Response:
        """Ends a trial."""
        fields.only(("alias", "promote"))
        who = self._who(caller)
        promote = fields.flag("promote")
        self._core.rollouts.stop(fields.text("alias"), who["by"], who["why"], promote=promote)
        return await self.show(fields, caller)

    async def compare(self, fields: Fields, caller: Caller) -> Response:
        """Two versions side by side."""
        fields.only(PAIR)
        if missing := next((name for name in PAIR if not fields.text(name)), ""):
            raise FieldInvalid(f"Name `{missing}`: a stage, and two versions a and b.", field=missing)
        stage, one, other = map(fields.text, PAIR)
        return JSONResponse(self._core.rollouts.versions.between(stage, one, other))

    async def drift(self, fields: Fields, caller: Caller) -> Response:
        """What is not as it was."""
        return JSONResponse({"drift": list(self._core.rollouts.versions.drift())})

    def _who(self, caller: Caller) -> dict[str, str]:
        by = self._core.keys.of(caller.metadata).name or "anybody"
        return {"by": by, "why": said(caller.metadata.get(WHY, ""))}
