"""OpenAI's Realtime transcription over a WebSocket: frames in, events out. No decisions in it.

One pipeline runs at a time; a commit, a clear, new settings and a minute without audio end it, and the next audio
begins another. The socket has one place for all of them.
"""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Never

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.access.admission import Places
from gateway.access.entry import public
from gateway.apis.openai import vllm
from gateway.apis.openai.conversation import Conversation
from gateway.apis.openai.interpretation import Interpretation
from gateway.apis.openai.settings import Settings
from gateway.apis.openai.vllm import VllmTranscription
from gateway.audio.incoming import frame_bytes
from gateway.config import Limits
from gateway.core import Caller, Core
from gateway.http import refusal, transcode
from gateway.http.hangup import unless
from gateway.pipeline import notices
from parley.errors import BadInput, FieldInvalid, ParleyError, StreamIdle
from parley.v1.audio_pb2 import AudioChunk
from parley.v1.pipeline_pb2 import PipelineRequest
from parley.wire import idle

PIECE = 1 << 15  # bytes of an event that are handed on at once
WAITING = 8  # frames that wait for the core; then the socket is not read
Frames = Mapping[str, Callable[[Mapping[str, Any]], Iterable[bytes | str]]]
COMMIT, CLEAR, RENEW, PAUSE, CLOSE = "commit", "clear", "renew", "pause", "close"


async def realtime(socket: WebSocket, core: Core, caller: Caller, limits: Limits) -> None:
    """One conversation, from the handshake until the client hangs up."""
    await _accept(socket)
    beta = "realtime=v1" in socket.headers.get("openai-beta", "")
    settings = Settings(socket.query_params.get("model", ""), partial(core.named, "asr"))
    await _converse(RealtimeSocket(socket, core, caller, limits, Conversation(settings, beta=beta)))


async def translations(socket: WebSocket, core: Core, caller: Caller, limits: Limits) -> None:
    """One translation session, until it is closed."""
    await _accept(socket)
    session = Interpretation(socket.query_params.get("model", ""), core.named)
    await _converse(TranslationSocket(socket, core, caller, limits, session))


async def _accept(socket: WebSocket) -> None:
    offered = socket.scope.get("subprotocols", ())
    await socket.accept("realtime" if "realtime" in offered else None)


async def _converse(live: "RealtimeSocket") -> None:
    try:
        await live.talk()
    except WebSocketDisconnect:
        return
    except Exception as error:
        await live.refuse(public(error))


class RealtimeSocket:
    """One WebSocket: its reader, its writer, and the pipeline that runs."""

    needed: tuple[str, ...] = ("asr",)  # stages without which nothing is left to say

    def __init__(
        self, socket: WebSocket, core: Core, caller: Caller, limits: Limits, conversation: Conversation | Interpretation
    ) -> None:
        self._socket, self._core, self._caller = socket, core, caller
        self._conversation: Conversation | Interpretation | VllmTranscription = conversation
        self._limits = limits
        self._inbox: asyncio.Queue[bytes | str] = asyncio.Queue(WAITING)
        self._rest = b""  # half a sample
        self._closed = False
        self._frames = self._known_frames()

    def _known_frames(self) -> Frames:
        """What a client may say, beside new settings."""
        return {
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": lambda _: [CLEAR],
        }

    async def talk(self) -> None:
        """Everything until the client is gone, or closes the session."""
        begun = self._conversation
        assert not isinstance(begun, VllmTranscription)
        begun.check()  # a model that nobody has is refused before anybody speaks
        async with self._core.conversation(self._caller) as places:
            await self.tell([begun.created()])
            await unless(self.listen(), self.work(places))

    async def tell(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Send events."""
        for event in events:
            await self._socket.send_json(event)

    async def refuse(self, error: ParleyError) -> None:
        """Sends the error and closes the socket."""
        with suppress(WebSocketDisconnect, RuntimeError):  # they may be gone by now
            await self.tell(self._conversation.failed(error))
            await self.tell([self._conversation.refusal(error)])
            await self._socket.close(refusal.answer(error).close, error.reason)

    # What the client says.

    async def listen(self) -> Never:
        """Read until the client is gone; what cannot be understood is told, and the conversation goes on."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])
            event: Mapping[str, Any] = {}
            try:
                event = transcode.object_of(message.get("text") or "", "frame")
                await self._take(event)
            except ParleyError as error:
                await self.tell([self._conversation.refusal(error, event.get("event_id"))])

    async def _take(self, event: Mapping[str, Any]) -> None:
        kind = str(event.get("type", ""))
        if kind in ("session.update", "transcription_session.update"):
            await self.tell(self._update(kind, event))
            self._rest = b""
            await self._inbox.put(RENEW)
        elif kind in self._frames:
            for each in self._frames[kind](event):
                await self._inbox.put(each)
        else:
            known = ", ".join(("session.update", *self._frames))
            raise FieldInvalid(f"`type` is {kind!r}; say one of {known}.", field="type")

    def _update(self, kind: str, event: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """New settings; the first decide which dialect is spoken."""
        if vllm.is_spoken(event) and isinstance(self._conversation, Conversation):
            self._conversation = self._conversation.as_vllm()
        if isinstance(self._conversation, VllmTranscription):
            return self._conversation.update(event)
        return [self._conversation.update(kind, event.get("session"))]

    def _commit(self, event: Mapping[str, Any]) -> Iterable[str]:
        """VLLM's clients say with a commit that sound will come, and with a final one that it was all."""
        goes_on = isinstance(self._conversation, VllmTranscription) and not event.get("final")
        return [] if goes_on else [COMMIT]

    def _append(self, event: Mapping[str, Any]) -> Iterable[bytes]:
        self._conversation.ready()
        try:
            data = self._rest + base64.b64decode(event.get("audio") or "", validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise FieldInvalid("`audio` must be base64.", field="audio") from None
        whole = len(data) - len(data) % frame_bytes(self._conversation.form())
        self._rest = data[whole:]
        return (data[at : min(at + PIECE, whole)] for at in range(0, whole, PIECE))

    # What the core says.

    async def work(self, places: Places) -> None:
        """Runs one pipeline after the other, each until a commit, a clear or new settings."""
        while not self._closed:
            item = await idle.message(self._inbox.get(), self._limits.text_s)
            if isinstance(item, bytes):
                await self._run(item, places)
            else:
                await self._between(item)

    async def _between(self, item: str) -> None:
        """Handles a control that arrives while no pipeline runs."""
        try:
            await self._mark(item)
        except BadInput as error:
            await self.tell([self._conversation.refusal(error)])
        await self.tell(self._conversation.over())

    async def _run(self, first: bytes, places: Places) -> None:
        async with aclosing(self._core.pipeline(self._requests(first), self._caller, places)) as answers:
            async for answer in answers:
                if lost := notices.loss(answer.notice, *self.needed):
                    raise lost
                await self.tell(self._conversation.events_of(answer))
        await self.tell(self._conversation.over())

    async def _requests(self, first: bytes) -> AsyncIterator[PipelineRequest]:
        yield PipelineRequest(config=self._conversation.begin())
        item: bytes | str = first
        while isinstance(item, bytes):
            self._conversation.hear(item)
            yield PipelineRequest(audio=AudioChunk(data=item))
            item = await self._next()
        await self._mark(item)

    async def _next(self) -> bytes | str:
        """What follows; where nothing comes for long the pipeline's places are free for others until it does."""
        try:
            return await idle.message(self._inbox.get(), self._limits.sound_s)
        except StreamIdle:
            return PAUSE

    async def _mark(self, item: str) -> None:
        self._closed = item == CLOSE
        if item == COMMIT and not isinstance(self._conversation, Interpretation):
            await self.tell(self._conversation.commit())
        elif item == CLEAR and isinstance(self._conversation, Conversation):
            await self.tell([self._conversation.clear()])


class TranslationSocket(RealtimeSocket):
    """The same for a session that translates."""

    needed = ("asr", "translate")

    def _known_frames(self) -> Frames:
        return {"session.input_audio_buffer.append": self._append, "session.close": lambda _: [CLOSE]}

    async def talk(self) -> None:
        """A session that is closed says so, after the last words."""
        await super().talk()
        assert isinstance(self._conversation, Interpretation)
        await self.tell([self._conversation.closed()])
        await self._socket.close(1000)
