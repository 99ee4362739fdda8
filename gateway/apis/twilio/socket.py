"""A telephone call over Twilio's WebSocket, from the handshake to the close. No decisions in it.

Twilio is sent nothing: it takes only sound for the caller. What goes wrong is the close's code and reason.
"""

import base64
import binascii
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.access.entry import public
from gateway.access.keys import presented
from gateway.apis.twilio import messages, signature
from gateway.apis.twilio.messages import Digit, Media, Plain, Start
from gateway.calls.call import HANG_UP, STOP, Call, CallStart
from gateway.calls.calls import Calls
from gateway.calls.options import KEY, NAMES
from gateway.core import Caller, Core
from gateway.http import refusal, uploads
from gateway.http.endpoint import ignored, metadata, peer
from gateway.http.fields import Fields
from parley.budget import Budget
from parley.errors import ConfigExpected, ConfigRepeated, ParleyError
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from parley.wire import idle

MULAW = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_MULAW, sample_rate_hz=8000, channels=1)
TOLERANCE_MS = 40  # two packets
LONGEST_REASON = 123  # bytes of a close's


class MediaStreams:
    """What answers Twilio."""

    def __init__(self, core: Core, calls: Calls) -> None:
        self._core, self._calls = core, calls
        self._config, self._limits = calls.config.twilio, calls.limits

    async def serve(self, socket: WebSocket) -> None:
        """One stream."""
        try:
            await self._stream(socket, Fields(uploads.folded(socket.query_params.multi_items())))
            await socket.close(1000)
        except WebSocketDisconnect:
            return
        except Exception as error:
            await _refuse(socket, public(error))

    async def _stream(self, socket: WebSocket, fields: Fields) -> None:
        signature.check(self._config, socket.headers.get(signature.HEADER, ""), _called(socket))
        shown = metadata(socket) | _key(_basic(socket) or fields.text(KEY))
        if presented(shown):
            self._core.key_for(Caller(shown), "asr")
        headers = ignored(fields, NAMES)
        await socket.accept(headers=[(name.encode(), value.encode()) for name, value in headers.items()])
        start = await idle.message(_start(socket), self._limits.first_message_s)
        if not presented(shown):
            shown |= _key(Fields(start.parameters).text(KEY) or self._config.key)
        asked = self._calls.asked({**fields.values, **start.parameters})
        begun = CallStart(start.call, start.stream, start.tracks, TOLERANCE_MS)
        caller = Caller(shown, Budget.of(None), peer=peer(socket))
        await self._calls.heard(begun, asked, caller, lambda call: self._read(socket, call))

    async def _read(self, socket: WebSocket, call: Call) -> str:
        """Hand on what Twilio says, until it stops or is gone; how it ended."""
        with idle.IdleTimer(self._limits.sound_s) as timer:
            while True:
                try:
                    message = await timer.message(_message(socket))
                except WebSocketDisconnect:
                    return HANG_UP
                if isinstance(message, Media):
                    await call.hear(message.track, MULAW, message.at_ms, message.data)
                elif isinstance(message, Digit):
                    call.digit(message.track, message.digit)
                elif isinstance(message, Start):
                    raise ConfigRepeated("A stream has one `start`; open another socket for another call.")
                elif message.event == "stop":
                    return STOP
                elif message.event not in ("connected", "mark"):
                    call.strange(message.event)


async def _message(socket: WebSocket) -> messages.Message:
    frame = await socket.receive()
    if frame["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(frame["code"])
    text: str | None = frame.get("text")
    return messages.read(text if text is not None else frame["bytes"])


async def _start(socket: WebSocket) -> Start:
    message = await _message(socket)
    if message == Plain("connected"):
        message = await _message(socket)
    if not isinstance(message, Start):
        raise ConfigExpected("A stream begins with `connected` and `start`; send those first.")
    return message


def _called(socket: WebSocket) -> str:
    """The address as Twilio knows it: it calls over TLS only, whoever unwraps it."""
    url = socket.url
    return f"wss://{socket.headers.get('host', '')}{url.path}" + (f"?{url.query}" if url.query else "")


def _basic(socket: WebSocket) -> str:
    """The password in wss://user:password@host/."""
    scheme, _, text = socket.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    with suppress(binascii.Error, UnicodeDecodeError):
        return base64.b64decode(text.strip(), validate=True).decode().partition(":")[2]
    return ""


def _key(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"} if text else {}


async def _refuse(socket: WebSocket, error: ParleyError) -> None:
    """As an HTTP answer to the handshake; later as a close, whose reason begins with a word for machines."""
    with suppress(WebSocketDisconnect, RuntimeError):  # they may be gone by now
        if socket.application_state.name == "CONNECTING":
            await refusal.deny(socket, error)
            return
        reason = f"{error.reason}: {error}".encode()[:LONGEST_REASON].decode(errors="ignore")
        await socket.close(refusal.answer(error).close, reason)
