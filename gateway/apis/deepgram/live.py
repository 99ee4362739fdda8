"""Deepgram's live transcription over a WebSocket: frames in, messages out. No decisions in it.

One pipeline runs from the first sound on; a minute without sound ends it, and the next sound begins another. A file is
decoded while it comes, in a task between the reader and the pipeline.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Never
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.access.admission import Places
from gateway.access.entry import public
from gateway.access.upload_memory import Reservation, UploadMemory
from gateway.apis.deepgram import requests
from gateway.apis.deepgram.requests import ListenRequest
from gateway.apis.deepgram.results import LiveResults
from gateway.audio import incoming
from gateway.config import Limits
from gateway.core import Caller, Core
from gateway.http import refusal, transcode, uploads
from gateway.http.endpoint import ignored
from gateway.http.fields import Fields
from gateway.http.hangup import gone_socket, unless
from gateway.pipeline import notices
from gateway.pipeline.tail import FLUSH
from parley.errors import BadInput, ParleyError, StreamIdle, UndecodableMedia
from parley.v1.audio_pb2 import AudioChunk
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.wire import idle

SILENT_S = 10.0  # without sound or a KeepAlive
PIECE = 1 << 15  # bytes of a frame that are handed on at once
WAITING = 8  # frames that wait for the core; then the socket is not read
FINALIZE, CLOSE, PAUSE = "Finalize", "CloseStream", "pause"
SUBPROTOCOLS = ("token", "bearer")  # a browser's key stands behind it

Item = bytes | str | Exception
Inbox = asyncio.Queue[Item]


async def listen(socket: WebSocket, core: Core, caller: Caller, limits: Limits, memory: UploadMemory) -> None:
    """One stream, from the handshake to the close."""
    fields, request_id = Fields(uploads.folded(socket.query_params.multi_items())), str(uuid4())
    try:
        wanted = requests.live(fields, partial(core.named, "asr"))
        async with core.conversation(caller) as places:
            await _accept(socket, {"dg-request-id": request_id} | ignored(fields, requests.LIVE))
            with memory.reserve() as reservation:
                live = ListenSocket(socket, core, caller, limits, LiveResults(wanted, request_id))
                await unless(live.listen(), live.work(wanted, places, reservation))
        await socket.close(1000)
    except WebSocketDisconnect:
        return
    except Exception as error:
        await _refuse(socket, public(error))


async def _accept(socket: WebSocket, headers: Mapping[str, str]) -> None:
    offered = socket.scope.get("subprotocols", ())
    agreed = next((each for each in SUBPROTOCOLS if each in offered[:1]), None)
    await socket.accept(agreed, [(name.encode(), value.encode()) for name, value in headers.items()])


async def _refuse(socket: WebSocket, error: ParleyError) -> None:
    """As an HTTP answer to the handshake; later as a message and a close code."""
    with suppress(WebSocketDisconnect, RuntimeError):  # they may be gone by now
        if socket.application_state.name == "CONNECTING":
            await refusal.deny(socket, error, requests.refusal)
            return
        await socket.send_json(_told(error))
        await socket.close(*_closing(error))


def _told(error: ParleyError) -> Mapping[str, object]:
    return {"type": "Error", "variant": error.reason, "description": str(error), "message": ""}


def _closing(error: ParleyError) -> tuple[int, str]:
    if isinstance(error, StreamIdle):
        return 1011, "NET-0001"
    if isinstance(error, UndecodableMedia):
        return 1008, "DATA-0000"
    return refusal.answer(error).close, error.reason


class ListenSocket:
    """One WebSocket: its reader, its writer, and the pipeline that runs."""

    def __init__(self, socket: WebSocket, core: Core, caller: Caller, limits: Limits, results: LiveResults) -> None:
        self._socket, self._core, self._caller, self._limits = socket, core, caller, limits
        self._results = results
        self._came, self._sound = Inbox(WAITING), Inbox(WAITING)
        self._closed = False
        self._ended_by = PAUSE  # of the pipeline that ran last

    async def _tell(self, messages: Iterable[Mapping[str, Any]]) -> None:
        for message in messages:
            await self._socket.send_json(message)

    # What the client says.

    async def listen(self) -> Never:
        """Read until the client is gone or says nothing for long; after CloseStream only a hang-up matters."""
        with idle.IdleTimer(SILENT_S) as timer:
            while not self._closed:
                try:
                    message = await timer.message(self._socket.receive())
                except StreamIdle:
                    wanted = "send one of them at least that often"
                    raise StreamIdle(f"Neither sound nor a KeepAlive came for {SILENT_S:g} s; {wanted}.") from None
                await self._take(message)
        await gone_socket(self._socket)

    async def _take(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        if (text := message.get("text")) is not None:
            await self._command(text)
        elif data := message["bytes"]:
            for at in range(0, len(data), PIECE):
                await self._came.put(data[at : at + PIECE])
        else:
            await self._command('{"type": "CloseStream"}')  # an empty frame says it too

    async def _command(self, text: str) -> None:
        """What cannot be understood is told, and the stream goes on."""
        try:
            kind = transcode.object_of(text, "message").get("type")
            if kind not in (FINALIZE, CLOSE, "KeepAlive"):
                raise BadInput(f"`type` is {kind!r}; say KeepAlive, Finalize or CloseStream.")
        except BadInput as error:
            told = {"type": "Error", "variant": "SchemaError", "description": str(error), "message": text[:1000]}
            await self._tell([told])
            return
        self._closed = kind == CLOSE
        if kind != "KeepAlive":
            await self._came.put(str(kind))

    # What the core says.

    async def work(self, wanted: ListenRequest, places: Places, reservation: Reservation) -> None:
        """Everything up to the last message."""
        reading = asyncio.create_task(self._read(wanted, reservation))
        try:
            while (item := await idle.message(self._next(), self._limits.text_s)) != CLOSE:
                if isinstance(item, bytes):
                    await self._run(item, wanted.config, places)
                    if self._ended_by == CLOSE:
                        break
                else:
                    await self._tell(self._results.finalize(runs=False))
            await self._tell([self._results.metadata()])
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _next(self) -> bytes | str:
        item = await self._sound.get()
        if isinstance(item, Exception):
            raise item
        return item

    async def _run(self, first: bytes, config: PipelineConfig, places: Places) -> None:
        requests_ = self._requests(first, config)
        async with aclosing(self._core.pipeline(requests_, self._caller, places)) as answers:
            async for answer in answers:
                if lost := notices.loss(answer.notice, "asr"):
                    raise lost
                await self._tell(self._results.events_of(answer))
        await self._tell(self._results.over())

    async def _requests(self, first: bytes, config: PipelineConfig) -> AsyncIterator[PipelineRequest]:
        yield PipelineRequest(config=config)
        item: bytes | str = first
        while item not in (CLOSE, PAUSE):
            if isinstance(item, bytes):
                yield PipelineRequest(audio=AudioChunk(data=item))
                await self._tell(self._results.hear(item))
            else:
                await self._tell(self._results.finalize(runs=True))
                yield PipelineRequest(control=FLUSH)
            try:
                item = await idle.message(self._next(), self._limits.sound_s)
            except StreamIdle:
                item = PAUSE  # its places are free for others until sound comes
        self._ended_by = str(item)

    # From frames to samples.

    async def _read(self, wanted: ListenRequest, reservation: Reservation) -> None:
        """Whole samples, and commands at their place among them; an error goes the same way."""
        try:
            form, chunks = wanted.form, self._chunks()
            if form is None:
                mixed = not wanted.config.per_channel
                form, chunks = await incoming.listen(chunks, None, self._limits, reservation, mixed=mixed)
                wanted.config.format.CopyFrom(form)
            self._results.begin(form)
            async for piece in _whole(chunks, incoming.frame_bytes(form)):
                await self._sound.put(piece)
            await self._sound.put(CLOSE)
        except Exception as error:
            await self._sound.put(error)

    async def _chunks(self) -> AsyncIterator[bytes]:
        while (item := await self._came.get()) != CLOSE:
            if isinstance(item, bytes):
                yield item
            else:
                await self._sound.put(item)


async def _whole(chunks: AsyncIterator[bytes], frame: int) -> AsyncIterator[bytes]:
    """The same bytes, cut between samples; half a sample at the end is dropped."""
    rest = b""
    async for chunk in chunks:
        data = rest + chunk
        size = len(data) - len(data) % frame
        rest = data[size:]
        if size:
            yield data[:size]
