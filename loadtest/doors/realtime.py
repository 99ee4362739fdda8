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

from loadtest.clips import CHUNK_S, RATE_HZ, Clip
from loadtest.doors.hearing import Hearing
from loadtest.pace import paced
from loadtest.where import Where

REALTIME_HZ = 24_000  # what every server of it takes
CHUNK = round(2 * REALTIME_HZ * CHUNK_S)
SAID = "conversation.item.input_audio_transcription"


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


class Turns:
    """Which turns are open, and where they are in the recording."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._begun: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self.committed, self.over = False, False  # committed: what was said is told to be all

    def take(self, event: Mapping[str, Any]) -> None:
        """One event of the server."""
        kind, item = str(event["type"]), str(event.get("item_id", ""))
        if kind == "input_audio_buffer.speech_started":
            self._begun[item] = event["audio_start_ms"] / 1000
        elif kind == "input_audio_buffer.speech_stopped":
            self._ended[item] = event["audio_end_ms"] / 1000
        elif kind == f"{SAID}.delta":
            self._hearing.guess(self._begun.get(item, 0.0))
        elif kind == f"{SAID}.completed":
            self._complete(item, str(event["transcript"]))
        elif kind == "input_audio_buffer.cleared":
            self._begun = {each: begun for each, begun in self._begun.items() if each in self._ended}
            self.over = not self._begun
        elif kind == "error" and self.committed:
            self.over = not self._begun  # there was nothing left to commit
        elif kind in ("error", f"{SAID}.failed"):
            raise RealtimeFailed(event["error"])

    def _complete(self, item: str, text: str) -> None:
        if text:
            self._hearing.final(text, self._ended.pop(item, self._hearing.seconds))
        self._begun.pop(item, None)
        # After the commit, the last turn that was open has the last word.
        self.over = self.committed and not self._begun


class RealtimeVoice:
    """Speaks into sockets, one a recording. flushes: we say when a turn is over, not the server."""

    def __init__(self, where: Where, flushes: bool = False) -> None:
        self._url = where.http.replace("http", "ws", 1) + "/v1/realtime?intent=transcription"
        self._headers, self._ending = where.credentials, "commit"
        self._session: dict[str, Any] | None = session_of(where.model, flushes)

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording."""
        async with connect(self._url, additional_headers=self._headers, max_size=None) as socket:
            turns = Turns(hearing)
            if self._session:
                await socket.send(json.dumps({"type": "session.update", "session": self._session}))
            speaking = asyncio.create_task(_speak(socket, clip, due, turns, self._ending))
            try:
                while not turns.over:
                    turns.take(json.loads(await socket.recv()))
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)

    async def close(self) -> None:
        """Every socket is closed with its recording."""


class SpeachesVoice(RealtimeVoice):
    """speaches takes the model from the address and no sessions like ours; what is left after a turn is dropped.

    A commit of it would be answered with what silence sounds like, and one in mid-speech not at all.
    """

    def __init__(self, where: Where) -> None:
        super().__init__(where)
        self._url += f"&{urlencode({'model': where.model, 'language': 'en'})}"
        self._session, self._ending = None, "clear"


async def _speak(socket: ClientConnection, clip: Clip, due: float | None, turns: Turns, ending: str) -> None:
    sound = resampled(clip.pcm)
    async for _, chunk in paced([sound[at : at + CHUNK] for at in range(0, len(sound), CHUNK)], due, CHUNK_S):
        told = {"type": "input_audio_buffer.append", "audio": base64.b64encode(chunk).decode()}
        await socket.send(json.dumps(told))
    turns.committed = True
    await socket.send(json.dumps({"type": f"input_audio_buffer.{ending}"}))


def resampled(pcm: bytes) -> bytes:
    """16 kHz -> 24 kHz."""
    return bytes(np.asarray(soxr.resample(np.frombuffer(pcm, np.int16), RATE_HZ, REALTIME_HZ), np.int16).tobytes())
