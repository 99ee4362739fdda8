"""The endpoints of kept voices, and their part of the OpenAPI document. No decisions in them."""

from starlette.responses import JSONResponse, Response

from gateway import voices
from gateway.caller import Caller
from gateway.core import Core
from gateway.http import transcode
from gateway.http.document.phrases import CALL, FILE, TEXT, content, fields, good, operation
from gateway.http.document.schema import Json
from gateway.http.endpoint import Endpoint
from gateway.http.fields import Fields

PATH = "/v1/voices"
URL = f"http://localhost:8080{PATH}"
VOICE = {"name": "Ada", "model": "voice-base@1", "added": "2026-11-26T09:00:00+00:00"}
ONE: Json = fields(("name", "model", "added"), name=TEXT, model=TEXT, added=TEXT)
SHOWN = good(
    "The voices that are kept now, by name.",
    content("application/json", fields(("voices",), voices={"type": "array", "items": ONE}), {"voices": [VOICE]}),
)
ADDED = content("multipart/form-data", fields(("file", "name"), file=FILE, name=TEXT), {"file": "a.wav", "name": "Ada"})
REMOVED = content("application/json", fields(("name",), name=TEXT), {"name": "Ada"})
PATHS: Json = {
    PATH: {"get": operation("The voices that are kept for this key", SHOWN, curl=f"curl {URL}")},
    f"{PATH}/add": {
        "post": operation(
            "Keep a voice: two to thirty seconds of one person alone",
            good("It is kept; its sound is not.", content("application/json", ONE, VOICE)),
            ADDED,
            curl=f"{CALL} -F name=Ada {URL}/add",
        )
    },
    f"{PATH}/remove": {
        "post": operation("Forget a voice", SHOWN, REMOVED, curl=f"curl -d name=Ada {URL}/remove"),
    },
}


class KeptVoices:
    """One method an endpoint."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [
            Endpoint("GET", PATH, self.list),
            Endpoint("POST", f"{PATH}/add", self.add),
            Endpoint("POST", f"{PATH}/remove", self.remove),
        ]

    async def list(self, fields: Fields, caller: Caller) -> Response:
        """The voices of the caller's key."""
        kept = self._core.voices.of(self._core.key_for(caller, "diarize"))
        return JSONResponse({"voices": [transcode.plain(kept[name].shown) for name in sorted(kept)]})

    async def add(self, fields: Fields, caller: Caller) -> Response:
        """Keeps one more."""
        fields.only(("file", "name"))
        voice = await voices.keep(self._core, fields.text("name"), fields.file(), caller)
        return JSONResponse(transcode.plain(voice.shown))

    async def remove(self, fields: Fields, caller: Caller) -> Response:
        """Forgets one."""
        self._core.voices.remove(self._core.key_for(caller, "diarize"), fields.text("name"))
        return await self.list(Fields(), caller)
