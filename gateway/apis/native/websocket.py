"""A pipeline over a WebSocket: JSON and PCM frames in, JSON and PCM frames out. No decisions in it.

A config as text, or which stream is resumed; then PCM as binary, {"control": "flush"} and {"control": "end"} as text.
Back come events as text and cleaned audio as binary. Must not know what the stages do.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from functools import partial
from typing import Never

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.access.entry import public
from gateway.caller import Caller
from gateway.config import LARGEST_CHUNK, Limits
from gateway.http import refusal, transcode
from gateway.http.hangup import unless
from gateway.sessions.sessions import Sessions
from parley import beside
from parley.errors import ChunkTooLarge, ConfigExpected, ParleyError
from parley.v1.audio_pb2 import AudioChunk
from parley.v1.pipeline_pb2 import PipelineRequest, PipelineResponse
from parley.wire import idle

SUBPROTOCOL = "parley"  # a browser that offers a key as subprotocol wants one of its offers accepted
WAITING = 8  # frames that wait for the core; then the socket is not read

Inbox = asyncio.Queue[PipelineRequest]


async def pipeline(socket: WebSocket, sessions: Sessions, caller: Caller, limits: Limits) -> None:
    """One conversation, from the handshake to the close."""
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
    try:
        await _converse(socket, sessions, caller, limits)
        await socket.close(1000)
    except WebSocketDisconnect:
        return
    except Exception as error:
        await refuse(socket, public(error))


async def _converse(socket: WebSocket, sessions: Sessions, caller: Caller, limits: Limits) -> None:
    inbox: Inbox = asyncio.Queue(WAITING)
    first = await _first(socket, limits.first_message_s)
    inbox.put_nowait(await beside.done(len(first), partial(transcode.first, first)))
    requests = _requests(inbox, limits.sound_s)
    await unless(_listen(socket, inbox), _speak(socket, await sessions.open(requests, caller)))


async def _first(socket: WebSocket, within_s: float) -> str:
    frame = await idle.message(_frame(socket), within_s)
    if isinstance(frame, bytes):
        raise ConfigExpected("Audio came before the config; the first frame is a PipelineConfig as JSON text.")
    return frame


async def _frame(socket: WebSocket) -> str | bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    text: str | None = message.get("text")
    return text if text is not None else message["bytes"]


async def _listen(socket: WebSocket, inbox: Inbox) -> Never:
    """Read until the client is gone, or says what cannot be understood. After the end only a hang-up matters."""
    ended = False
    while True:
        frame = await _frame(socket)
        if not ended:
            request = _request(frame)
            ended = request.HasField("end")
            await inbox.put(request)


def _request(frame: str | bytes) -> PipelineRequest:
    if isinstance(frame, str):
        return transcode.control(frame)
    if len(frame) > LARGEST_CHUNK:
        raise ChunkTooLarge(f"A frame of {len(frame)} bytes is too large; send at most {LARGEST_CHUNK} at once.")
    return PipelineRequest(audio=AudioChunk(data=frame))


async def _requests(inbox: Inbox, within_s: float) -> AsyncIterator[PipelineRequest]:
    with idle.IdleTimer(within_s) as timer:
        while not (request := await timer.message(inbox.get())).HasField("end"):
            yield request
        yield request


async def _speak(socket: WebSocket, answers: AsyncGenerator[PipelineResponse]) -> None:
    async with aclosing(answers) as events:
        async for answer in events:
            if answer.HasField("audio"):
                await socket.send_bytes(answer.audio.data)
            else:
                await socket.send_text(transcode.event(answer))


async def refuse(socket: WebSocket, error: ParleyError) -> None:
    """Say why, and close."""
    body = refusal.ours(error, 0)["error"]
    with suppress(WebSocketDisconnect, RuntimeError):  # they may be gone by now
        await socket.send_json({"type": "error", **(body if isinstance(body, dict) else {})})
        await socket.close(refusal.answer(error).close, error.reason)
