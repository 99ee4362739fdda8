"""Deepgram's endpoints: live over a WebSocket, and recordings over HTTP. No decisions in it."""

from functools import partial

from starlette.responses import JSONResponse, Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from gateway import recordings
from gateway.access.upload_memory import UploadMemory
from gateway.apis.deepgram import live, recorded, requests
from gateway.audio import recording
from gateway.caller import Caller
from gateway.config import Limits
from gateway.core import Core
from gateway.http.endpoint import Endpoint, ignored, metadata, peer, served, upgrade
from gateway.http.fields import Fields
from parley.budget import Budget

PATH = "/v1/listen"


class Deepgram:
    """One method an endpoint."""

    def __init__(self, core: Core, limits: Limits, memory: UploadMemory) -> None:
        self._core, self._limits, self._memory = core, limits, memory

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [Endpoint("POST", PATH, self.transcribe, requests.refusal), Endpoint("GET", PATH, upgrade)]

    def sockets(self) -> list[WebSocketRoute]:
        """What answers WebSockets."""
        return [WebSocketRoute(PATH, self.listen)]

    async def transcribe(self, fields: Fields, caller: Caller) -> Response:
        """A recording's words, in Deepgram's shape."""
        wanted, file = requests.whole(fields, partial(self._core.named, "asr")), recorded.file_of(fields)
        mixed = not wanted.config.per_channel
        samples = recorded.with_header(file, wanted.form) if wanted.form else file
        sound = await recording.decode(samples, self._limits.audio_s, mixed=mixed, most_hz=recording.HEARD_HZ)
        heard = await recordings.transcribe(self._core, sound, wanted.config, caller)
        headers = served(heard.models.get("asr", ""), heard.notices) | ignored(fields, requests.WHOLE)
        return JSONResponse(recorded.answer(wanted, heard, file, sound.channels), headers=headers)

    async def listen(self, socket: WebSocket) -> None:
        """Live words, in Deepgram's shape."""
        caller = Caller(metadata(socket), Budget.of(None), peer=peer(socket))
        await live.listen(socket, self._core, caller, self._limits, self._memory)
