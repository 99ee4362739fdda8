"""OpenAI's Realtime transcription over a WebSocket, as any server that speaks it takes it. Paced as if spoken."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import numpy as np
import soxr
from websockets.asyncio.client import ClientConnection, connect

from loadtest.address import Where
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.apis.quiet import hear_out
from loadtest.clients.pace import paced
from loadtest.measured.clips import CHUNK_S, RATE_HZ, Clip

REALTIME_HZ = 24_000  # what every server of it takes
CHUNK = round(2 * REALTIME_HZ * CHUNK_S)
AGAIN = "already exists"
TRANSCRIPTION = "conversation.item.input_audio_transcription"


def session_of(model: str, flushes: bool = False) -> dict[str, Any]:
    """What is asked for."""
    detector = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 500}
    heard = {
        "format": {"type": "audio/pcm", "rate": REALTIME_HZ},
        "transcription": {"model": model},
        "turn_detection": None if flushes else detector,
    }
    return {"type": "transcription", "audio": {"input": heard}}


class RealtimeFailed(Exception):
    """The server said that something is wrong."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("message", "")))
        self.reason = f"REALTIME_{error.get('code') or error.get('type')}".upper()


class OpenTurns:
    """Which turns are open, and where they are in the recording."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._begun: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._completed: set[str] = set()
        self.committed, self.over = False, False  # committed: what was said is told to be all

    def take(self, event: Mapping[str, Any]) -> None:
        """One event of the server."""
        kind, item = str(event["type"]), str(event.get("item_id", ""))
        if kind == "input_audio_buffer.speech_started":
            self._begun[item] = event["audio_start_ms"] / 1000
        elif kind == "input_audio_buffer.speech_stopped":
            self._ended[item] = event["audio_end_ms"] / 1000
        elif kind == f"{TRANSCRIPTION}.delta":
            self._hearing.guess(self._begun.get(item, 0.0))
        elif kind == f"{TRANSCRIPTION}.completed":
            self._complete(item, str(event["transcript"]))
        elif kind == "error" and self.committed:
            self.over = not self._begun  # there was nothing left to commit
        elif kind in ("error", f"{TRANSCRIPTION}.failed"):
            raise RealtimeFailed(event["error"])

    @property
    def open(self) -> bool:
        """Whether a turn has begun and has no words yet, or none has begun at all."""
        return bool(self._begun) or not self._completed

    def _complete(self, item: str, text: str) -> None:
        again = item in self._completed
        self._completed.add(item)
        if text and not again:
            self._hearing.final(text, self._ended.pop(item, self._hearing.seconds))
        self._begun.pop(item, None)
        # After the commit, the last turn that was open has the last word.
        self.over = self.committed and not self._begun


class RealtimeStreamClient:
    """Speaks into sockets, one a recording. flushes: we say when a turn is over, not the server."""

    ending: tuple[dict[str, str], ...] = ({"type": "input_audio_buffer.commit"},)

    def __init__(self, where: Where, flushes: bool = False) -> None:
        self._url = where.http.replace("http", "ws", 1) + "/v1/realtime?intent=transcription"
        self._headers = where.credentials
        self._session: dict[str, Any] | None = session_of(where.model, flushes)

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording."""
        async with connect(self._url, additional_headers=self._headers, max_size=None) as socket:
            turns = OpenTurns(hearing)
            if self._session:
                await socket.send(json.dumps({"type": "session.update", "session": self._session}))
            speaking = asyncio.create_task(self._speak(socket, clip, due, turns))
            try:
                await self._hear(socket, turns, speaking)
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)

    async def _speak(self, socket: ClientConnection, clip: Clip, due: float | None, turns: OpenTurns) -> None:
        sound = resampled(clip.pcm)
        async for _, chunk in paced([sound[at : at + CHUNK] for at in range(0, len(sound), CHUNK)], due, CHUNK_S):
            event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(chunk).decode()}
            await socket.send(json.dumps(event))
        turns.committed = bool(self.ending)
        for last in self.ending:
            await socket.send(json.dumps(last))

    async def _hear(self, socket: ClientConnection, turns: OpenTurns, speaking: "asyncio.Task[None]") -> None:
        while not turns.over:
            turns.take(json.loads(await socket.recv()))

    async def close(self) -> None:
        """Every socket is closed with its recording."""


class SpeachesStreamClient(RealtimeStreamClient):
    """speaches takes the model from the address and no sessions like ours, and ends turns itself.

    A commit of the silence at the end would be answered with what silence sounds like, one in mid-speech not at all.
    """

    ending = ()

    def __init__(self, where: Where) -> None:
        super().__init__(where)
        self._url += f"&{urlencode({'model': where.model, 'language': 'en'})}"
        self._session = None

    async def _hear(self, socket: ClientConnection, turns: OpenTurns, speaking: "asyncio.Task[None]") -> None:
        def take(event: Mapping[str, Any]) -> None:
            # Late, it ends a turn several times, transcribes it as often, and complains of itself.
            if AGAIN not in str(event.get("error", "")):
                turns.take(event)

        await hear_out(socket, take, speaking, lambda: turns.open)


def resampled(pcm: bytes) -> bytes:
    """16 kHz -> 24 kHz."""
    return bytes(np.asarray(soxr.resample(np.frombuffer(pcm, np.int16), RATE_HZ, REALTIME_HZ), np.int16).tobytes())
