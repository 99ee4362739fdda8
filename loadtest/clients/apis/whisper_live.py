"""WhisperLive's WebSocket: one greeting, 16-bit sound, segments that are completed some time. Paced as if spoken.

It has no flush, and hangs up on whoever says END_OF_AUDIO before the last segment is there: so we wait for that.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from loadtest.address import Where
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.apis.quiet import UNFINISHED_S, hear_out
from loadtest.clients.pace import paced
from loadtest.measured.clips import CHUNK_S, Clip

GREETING = {"language": "en", "task": "transcribe", "use_vad": True, "audio_format": "int16"}
END = b"END_OF_AUDIO"
NEAR_S = 1.0  # a last segment that ends so near to the last word has it


class WhisperLiveRefused(Exception):
    """It has no room, or something is wrong with it."""

    def __init__(self, message: Mapping[str, Any]) -> None:
        super().__init__(str(message.get("message", "")))
        self.reason = f"WHISPER_LIVE_{message.get('status', 'CLOSED')}".upper()


class Segments:
    """What it has said so far: completed segments are finals, one that is not may still change."""

    def __init__(self, hearing: Hearing, spoken_s: float) -> None:
        self._hearing, self._spoken_s = hearing, spoken_s
        self._last_s, self._open, self._changed = 0.0, {"text": "", "end": "0"}, 0.0
        self.over = False  # the last word is in a completed segment

    def take(self, message: Mapping[str, Any]) -> None:
        """One message."""
        if message.get("status") in ("WAIT", "ERROR") or message.get("message") == "DISCONNECT":
            raise WhisperLiveRefused(message)
        segments: Sequence[Mapping[str, Any]] = message.get("segments", ())
        for each in segments:
            if each["completed"] and float(each["start"]) >= self._last_s:
                self._last_s = float(each["end"])
                self._hearing.final(str(each["text"]).strip(), self._last_s)
                self._open = {"text": "", "end": "0"}
        for each in segments[-1:]:
            if not each["completed"] and each["text"] != self._open["text"]:
                self._open, self._changed = dict(each), time.monotonic()
                self._hearing.guess(float(each["start"]))
        self.over = bool(segments) and not self._open["text"] and self._last_s >= self._spoken_s - NEAR_S

    def end(self) -> None:
        """What was never completed counts from when it last changed: no reading is kinder."""
        if text := str(self._open["text"]).strip():
            self._hearing.final(text, float(self._open["end"]), self._changed)


class WhisperLiveStreamClient:
    """Speaks into sockets, one a recording."""

    def __init__(self, where: Where, unfinished_s: float = UNFINISHED_S) -> None:
        self._url, self._model = where.http.replace("http", "ws", 1), where.model
        self._unfinished_s = unfinished_s

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording."""
        segments = Segments(hearing, clip.speech_ends(clip.seconds))
        async with connect(self._url, max_size=None, ping_interval=None) as socket:
            await socket.send(json.dumps({**GREETING, "uid": str(uuid4()), "model": self._model}))
            while "SERVER_READY" not in (message := json.loads(await socket.recv())).values():
                segments.take(message)
            speaking = asyncio.create_task(_speak(socket, clip, due))
            try:
                await hear_out(socket, segments.take, speaking, lambda: not segments.over, self._unfinished_s)
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)
                segments.end()
            await socket.send(END)

    async def close(self) -> None:
        """Every socket is closed with its recording."""


async def _speak(socket: ClientConnection, clip: Clip, due: float | None) -> None:
    async for _, chunk in paced(clip.chunks(), due, CHUNK_S):
        await socket.send(chunk)
