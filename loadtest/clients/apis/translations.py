"""OpenAI's Realtime translation over a WebSocket, as any server that speaks it takes it. Paced as if spoken."""

import base64
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection

from loadtest.address import Where
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.apis.realtime import CHUNK, RealtimeFailed, resampled
from loadtest.clients.apis.spoken import spoken
from loadtest.clients.pace import paced
from loadtest.measured.clips import CHUNK_S, Clip

SESSION = {"type": "session.update", "session": {"audio": {"output": {"language": "de"}}}}


class TranslationsStreamClient:
    """Speaks into sockets, one a recording."""

    def __init__(self, where: Where) -> None:
        self._url = where.http.replace("http", "ws", 1) + "/v1/realtime/translations?model=gpt-realtime-translate"
        self._headers = where.credentials

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording."""
        speak, take = partial(_speak, clip=clip, due=due), partial(_take, hearing=hearing)
        await spoken(self._url, self._headers, speak, take)

    async def close(self) -> None:
        """Every socket is closed with its recording."""


async def _speak(socket: ClientConnection, clip: Clip, due: float | None) -> None:
    sound = resampled(clip.pcm)
    await socket.send(json.dumps(SESSION))
    async for _, chunk in paced([sound[at : at + CHUNK] for at in range(0, len(sound), CHUNK)], due, CHUNK_S):
        audio = base64.b64encode(chunk).decode()
        await socket.send(json.dumps({"type": "session.input_audio_buffer.append", "audio": audio}))
    await socket.send('{"type": "session.close"}')


def _take(event: Mapping[str, Any], hearing: Hearing) -> None:
    if event["type"] == "error":
        raise RealtimeFailed(event["error"])
    if event["type"] == "session.output_transcript.delta":
        hearing.translation(event["delta"], event["elapsed_ms"] / 1000)
