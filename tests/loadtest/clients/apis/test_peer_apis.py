"""Other people's protocols, spoken to small servers that speak them."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from loadtest.address import Where
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.apis.live import StreamClient
from loadtest.clients.apis.realtime import SpeachesStreamClient
from loadtest.clients.apis.whisper_live import WhisperLiveRefused, WhisperLiveStreamClient
from loadtest.clients.apis.whisperlivekit import WhisperLiveKitFailed, WhisperLiveKitStreamClient
from loadtest.measured.clips import Clip
from loadtest.measured.hdr import Book
from loadtest.measured.measures import Measures
from tests.sound import noise, pcm, silence

CLIP = Clip("odd", pcm(noise(8_000), silence(0.3)), "alfa bravo")
Talks = Callable[[ServerConnection], Awaitable[None]]


async def heard_of(client: Callable[[Where], StreamClient], server: Talks) -> tuple[Hearing, Measures]:
    """What a client of a fake server hears of one recording."""
    measures = Measures()
    hearing = Hearing(CLIP, 0.0, Book(measures, 0.0))
    async with serve(server, "127.0.0.1", 0, max_size=None) as running:
        port = next(iter(running.sockets)).getsockname()[1]
        await asyncio.wait_for(client(Where("", f"http://127.0.0.1:{port}")).talk(CLIP, hearing, None), 20)
    hearing.end()
    return hearing, measures


def whisper_live(*messages: dict[str, Any]) -> Talks:
    """Says these when all has been said, and waits for the end."""

    async def server(socket: ServerConnection) -> None:
        greeting = json.loads(await socket.recv())
        assert greeting["audio_format"] == "int16"
        await socket.send(json.dumps({"uid": greeting["uid"], "message": "SERVER_READY", "backend": "fake"}))
        size = 0
        while size < len(CLIP.pcm):
            size += len(await socket.recv())
        for message in messages:
            await socket.send(json.dumps(message))
        assert await socket.recv() == b"END_OF_AUDIO"

    return server


def segment(text: str, start: float, end: float, completed: bool) -> dict[str, Any]:
    return {"text": text, "start": f"{start:.3f}", "end": f"{end:.3f}", "completed": completed}


async def test_whisper_lives_completed_segments_are_finals() -> None:
    """Each counts once, however often it is sent; the one that is still open is a guess until it is completed."""
    first, second = segment(" Alfa", 0, 0.2, True), segment(" bravo", 0.2, 0.5, True)
    server = whisper_live(
        {"uid": "x", "segments": [first]},
        {"uid": "x", "segments": [first, segment(" bra", 0.2, 0.4, False)]},
        {"uid": "x", "segments": [first, second]},
    )
    hearing, measures = await heard_of(WhisperLiveStreamClient, server)
    assert hearing.text == "Alfa bravo"
    assert measures.latencies["final"].count == 2
    assert measures.latencies["ttfs"].count == 1


async def test_whisper_live_without_a_completed_segment() -> None:
    """What was never completed is taken as it was last shown, from when it changed."""
    server = whisper_live({"uid": "x", "segments": [segment(" alfa brav", 0, 0.5, False)]})
    hearing, measures = await heard_of(partial(WhisperLiveStreamClient, unfinished_s=0.3), server)
    assert hearing.text == "alfa brav"
    assert measures.latencies["final"].count == 1


async def test_a_full_whisper_live_is_an_error() -> None:
    """Who must wait outside is told so, and is no silent stream."""

    async def full(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps({"uid": "x", "status": "WAIT", "message": 3.5}))

    with pytest.raises(WhisperLiveRefused) as refused:
        await heard_of(WhisperLiveStreamClient, full)
    assert refused.value.reason == "WHISPER_LIVE_WAIT"


async def test_whisperlivekits_text_is_what_is_committed_last() -> None:
    """Connections grow and are sent whole again and again; silence is a line too; an empty frame ends the stream."""

    async def server(socket: ServerConnection) -> None:
        await socket.send(json.dumps({"type": "config", "useAudioWorklet": True}))
        while await socket.recv() != b"":
            pass
        for text, buffer in (("", "alf"), ("Alfa", "bra"), ("Alfa bravo", "")):
            lines = [{"speaker": -2, "text": ""}, {"speaker": 1, "text": text, "start": "0:00:00", "end": "0:00:00.50"}]
            await socket.send(json.dumps({"status": "active", "lines": lines, "buffer_transcription": buffer}))
        await socket.send(json.dumps({"type": "ready_to_stop"}))

    hearing, measures = await heard_of(WhisperLiveKitStreamClient, server)
    assert hearing.text == "Alfa bravo"
    assert measures.latencies["ttfs"].count == 1


async def test_whisperlivekits_error_is_one() -> None:
    """An error is told, not waited out."""

    async def server(socket: ServerConnection) -> None:
        await socket.send(json.dumps({"type": "error", "error": "no such language"}))
        await socket.wait_closed()

    with pytest.raises(WhisperLiveKitFailed, match="no such language"):
        await heard_of(WhisperLiveKitStreamClient, server)


async def test_speaches_ends_turns_itself() -> None:
    """The model is in the address, nothing is committed, and a turn that is transcribed twice is heard once."""
    said = "conversation.item.input_audio_transcription"

    async def server(socket: ServerConnection) -> None:
        assert socket.request
        assert "model=whisper-1" in socket.request.path
        await socket.send(json.dumps({"type": "session.created"}))
        size = 0
        while size < 1.5 * len(CLIP.pcm):
            told = json.loads(await socket.recv())
            assert told["type"] == "input_audio_buffer.append"
            size += len(base64.b64decode(told["audio"]))
        for event in (
            {"type": "input_audio_buffer.speech_started", "item_id": "1", "audio_start_ms": 0},
            {"type": "input_audio_buffer.speech_stopped", "item_id": "1", "audio_end_ms": 500},
            {"type": f"{said}.completed", "item_id": "1", "transcript": "Alfa bravo."},
            {"type": "error", "error": {"message": "Error adding item: the item with id '1' already exists."}},
            {"type": f"{said}.completed", "item_id": "1", "transcript": "Alfa bravo."},
        ):
            await socket.send(json.dumps(event))
        await socket.wait_closed()

    hearing, measures = await heard_of(SpeachesStreamClient, server)
    assert hearing.text == "Alfa bravo."
    assert measures.latencies["ttfs"].count == 1
