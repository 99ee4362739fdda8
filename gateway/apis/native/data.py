"""The endpoints that show and remove what is kept of a key, and their part of the document. No decisions in them."""

from starlette.responses import JSONResponse, Response

from gateway.access.voices import EVERYBODY
from gateway.caller import Caller
from gateway.core import Core
from gateway.forgetting import KEY_ID, Forgetting, Kept, owner_of
from gateway.http.document.phrases import TEXT, TEXTS, content, fields, good, operation
from gateway.http.document.schema import Json
from gateway.http.endpoint import Endpoint
from gateway.http.fields import Fields
from parley.errors import FieldInvalid, Forbidden
from parley.jobs.forgetting import Whose

PATH = "/v1/data"
URL = f"http://localhost:8080{PATH}"
ID = "4f1c2b3a"
NUMBER: Json = {"type": "integer", "minimum": 0}
COUNTED = ("bytes", "voices", "answers", "samples")
NUMBERS = dict.fromkeys(COUNTED, NUMBER)
LISTED: Json = fields(("jobs", "files", "batches", *COUNTED), jobs=TEXTS, files=TEXTS, batches=TEXTS, **NUMBERS)
EXAMPLE: Json = {"jobs": ["7d9f2c4be18a6035"], "files": [], "batches": []}
EXAMPLE |= {"bytes": 320_044, "voices": 2, "answers": 1, "samples": 0}
STAYS = ["Logs and traces of processes, which have no words by default."]


def _answer(what: str, said: str) -> Json:
    schema = fields(("key", what, "stays"), key=TEXT, session=TEXT, job=TEXT, stays=TEXTS, **{what: LISTED})
    return good(said, content("application/json", schema, {"key": ID, what: EXAMPLE, "stays": STAYS}))


QUERY: list[Json] = [
    {"name": "session", "in": "query", "schema": TEXT, "description": "Of this `parley-session` only."},
    {"name": "job", "in": "query", "schema": TEXT, "description": "Of this job only."},
]
ALL: Json = {"name": "everything", "in": "query", "schema": {"type": "boolean"}, "description": "All of the key."}
NAMED: Json = TEXT | {"pattern": f"^{KEY_ID.pattern}$"}
KEY: Json = {"name": "key", "in": "path", "required": True, "schema": NAMED, "example": ID}
SHOWN, REMOVED = _answer("kept", "What is kept now."), _answer("removed", "What was removed, and what stays.")


def _paths(path: str, whose: str, more: list[Json]) -> Json:
    curl = f"{URL}{path.removeprefix(PATH).replace('{key}', ID)}"
    shown = operation(f"What is kept of {whose}", SHOWN, curl=f"curl {curl}")
    removed = operation(
        f"Remove what is kept of {whose}: jobs, files, batches, voices, answers",
        REMOVED,
        curl=f"curl -X DELETE '{curl}?session=call-7'",
    )
    return {
        path: {
            "get": shown | {"parameters": [*more, *QUERY]},
            "delete": removed | {"parameters": [*more, *QUERY, ALL]},
        }
    }


PATHS: Json = _paths(PATH, "the caller's key", []) | _paths(f"{PATH}/{{key}}", "any key, for operators", [KEY])


class DataApi:
    """One method an endpoint."""

    def __init__(self, core: Core, forgetting: Forgetting) -> None:
        self._core, self._forgetting = core, forgetting

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests; those with a key in the path are for operators, which the gate sees to."""
        return [
            Endpoint("GET", PATH, self.show),
            Endpoint("DELETE", PATH, self.remove),
            Endpoint("GET", f"{PATH}/{{key}}", self.show),
            Endpoint("DELETE", f"{PATH}/{{key}}", self.remove),
        ]

    async def show(self, fields: Fields, caller: Caller) -> Response:
        """What is kept."""
        fields.only(("key", "session", "job"))
        whose = self._whose(fields, caller)
        return _told(whose, "kept", await self._forgetting.found(whose))

    async def remove(self, fields: Fields, caller: Caller) -> Response:
        """Removes it: all of a key only where that is said."""
        fields.only(("key", "session", "job", "everything"))
        everything = fields.flag("everything")
        if everything is bool(fields.text("session") or fields.text("job")):
            message = "Say what to remove: `session`, `job`, or `everything=true` for all that is kept of the key."
            raise FieldInvalid(message, field="everything")
        whose = self._whose(fields, caller)
        if everything and not (whose.owner or fields.text("key")):
            raise Forbidden(f"Without keys everything is everybody's; operators remove it at {PATH}/{EVERYBODY}.")
        by = self._core.keys.of(caller.metadata)
        return _told(whose, "removed", await self._forgetting.forget(whose, by))

    def _whose(self, fields: Fields, caller: Caller) -> Whose:
        if fields.text("session") and fields.text("job"):
            raise FieldInvalid("Name a `session` or a `job`, not both.", field="job")
        key = fields.text("key")
        owner = owner_of(key) if key else self._core.keys.of(caller.metadata).id
        return Whose(owner, fields.text("session"), fields.text("job"))


def _told(whose: Whose, what: str, kept: Kept) -> Response:
    body: dict[str, object] = {"key": whose.owner or EVERYBODY}
    body |= {name: value for name, value in (("session", whose.session), ("job", whose.job)) if value}
    rows = {"jobs": list(kept.rows.jobs), "files": list(kept.rows.files), "batches": list(kept.rows.batches)}
    return JSONResponse({**body, what: kept.counts | rows, "stays": list(kept.stays)})
