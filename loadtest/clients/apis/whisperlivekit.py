"""WhisperLiveKit's WebSocket /asr: 16-bit sound in, the whole transcript out again and again. Paced as if spoken."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from loadtest.address import Where
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.pace import paced
from loadtest.measured.clips import CHUNK_S, Clip

SILENT = -2  # the speaker of a line without words
END = b""


class WhisperLiveKitFailed(Exception):
    """The server said that something is wrong."""

    reason = "WHISPERLIVEKIT_ERROR"


class Transcript:
    """What is committed so far. It has no utterances: the final is the text as it last grew."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing, self._text, self._changed = hearing, "", 0.0
        self.over = False

    def take(self, message: Mapping[str, Any]) -> None:
        """One message."""
        if message.get("type") == "error" or message.get("error"):
            raise WhisperLiveKitFailed(str(message["error"]))
        if message.get("type") == "ready_to_stop":
            self.over = True
        elif "lines" in message:
            text = " ".join(str(each["text"]).strip() for each in message["lines"] if each.get("speaker") != SILENT)
            if text != self._text:
                self._text, self._changed = text, time.monotonic()
            if text or message.get("buffer_transcription"):
                self._hearing.guess(0.0)

    def end(self) -> None:
        """Nothing more will come."""
        if self._text:
            self._hearing.final(self._text, self._hearing.seconds, self._changed)


class WhisperLiveKitStreamClient:
    """Speaks into sockets, one a recording."""

    def __init__(self, where: Where) -> None:
        self._url = where.http.replace("http", "ws", 1) + "/asr"

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording."""
        transcript = Transcript(hearing)
        async with connect(self._url, max_size=None, ping_interval=None) as socket:
            speaking = asyncio.create_task(_speak(socket, clip, due))
            try:
                while not transcript.over:
                    transcript.take(json.loads(await socket.recv()))
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)
                transcript.end()

    async def close(self) -> None:
        """Every socket is closed with its recording."""


async def _speak(socket: ClientConnection, clip: Clip, due: float | None) -> None:
    async for _, chunk in paced(clip.chunks(), due, CHUNK_S):
        await socket.send(chunk)
    await socket.send(END)
