"""Wyoming, as Home Assistant speaks it: one utterance a connection, ended by who speaks. Paced as if spoken."""

import asyncio
import json
from functools import partial
from typing import Any

from loadtest.address import Where
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.pace import paced
from loadtest.measured.clips import CHUNK_S, RATE_HZ, Clip

FORM = {"rate": RATE_HZ, "width": 2, "channels": 1}


class WyomingFailed(Exception):
    """The server said that something is wrong."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("text", "")))
        self.reason = f"WYOMING_{error.get('code')}".upper()


class WyomingStreamClient:
    """Speaks into connections, one a recording. Home Assistant says itself when somebody has stopped speaking."""

    def __init__(self, where: Where) -> None:
        self._host, _, port = where.wyoming.rpartition(":")
        self._port = int(port)

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            await asyncio.gather(_speak(writer, clip, due), _hear(reader, hearing))
        finally:
            writer.close()

    async def close(self) -> None:
        """Every connection is closed with its recording."""


async def _speak(writer: asyncio.StreamWriter, clip: Clip, due: float | None) -> None:
    say = partial(_say, writer)
    say("transcribe", {"language": "en"})
    say("audio-start", FORM)
    async for _, chunk in paced(clip.chunks(), due, CHUNK_S):
        say("audio-chunk", FORM, chunk)
        await writer.drain()
    say("audio-stop", {})
    await writer.drain()


def _say(writer: asyncio.StreamWriter, kind: str, data: dict[str, Any], payload: bytes = b"") -> None:
    event = {"type": kind, "data": data, "payload_length": len(payload)}
    writer.write(json.dumps(event).encode() + b"\n" + payload)


async def _hear(reader: asyncio.StreamReader, hearing: Hearing) -> None:
    while line := await reader.readline():
        event = json.loads(line)
        data = event.get("data", {}) | json.loads(await reader.readexactly(event.get("data_length", 0)) or b"{}")
        if event["type"] == "error":
            raise WyomingFailed(data)
        if event["type"] == "transcript":
            if data["text"]:
                hearing.final(data["text"], hearing.seconds)
            return
    raise ConnectionError("The server hung up before the transcript.")
