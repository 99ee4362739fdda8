"""Deepgram's API: `/v1/listen` over a WebSocket, as any server that speaks it takes it. Paced as if spoken."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection

from loadtest.address import Where
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.apis.spoken import spoken
from loadtest.clients.pace import paced
from loadtest.measured.clips import CHUNK_S, RATE_HZ, Clip


class DeepgramFailed(Exception):
    """The server said that something is wrong."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("description", "")))
        self.reason = f"DEEPGRAM_{error.get('variant')}".upper()


class DeepgramStreamClient:
    """Speaks into sockets, one a recording."""

    def __init__(self, where: Where) -> None:
        raw = {"encoding": "linear16", "sample_rate": RATE_HZ, "model": where.model}
        query = urlencode(raw | {"interim_results": "true", "punctuate": "true"})
        self._url = f"{where.http.replace('http', 'ws', 1)}/v1/listen?{query}"
        self._headers = {"authorization": f"Token {where.key}"} if where.key else {}

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording."""
        speak, take = partial(_speak, clip=clip, due=due), partial(_take, hearing=hearing)
        await spoken(self._url, self._headers, speak, take)

    async def close(self) -> None:
        """Every socket is closed with its recording."""


async def _speak(socket: ClientConnection, clip: Clip, due: float | None) -> None:
    async for _, chunk in paced(clip.chunks(), due, CHUNK_S):
        await socket.send(chunk)
    await socket.send('{"type": "CloseStream"}')


def _take(message: Mapping[str, Any], hearing: Hearing) -> None:
    if message["type"] == "Error":
        raise DeepgramFailed(message)
    if message["type"] == "Results":
        (said, *_) = message["channel"]["alternatives"]
        if not message["is_final"]:
            hearing.guess(message["start"])
        elif said["transcript"]:
            hearing.final(said["transcript"], said["words"][-1]["end"])
