"""Somebody who calls again and again, and behaves like people do: finishes, hangs up, or sends what is no sound.

Must not know how the server is doing.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import lru_cache
from random import Random
from typing import Any

from loadtest.measured import clips
from parley.client import Client, requests_of
from parley.errors import ParleyError
from parley.v1 import asr_pb2, denoise_pb2, diarize_pb2, pipeline_pb2, translate_pb2

PACE = 4.0  # how much faster than speech
WAYS: dict[str, tuple[Any, dict[str, Any]]] = {
    "Asr": (asr_pb2.AsrRequest, {"interim_results": True, "word_times": True}),
    "Denoise": (denoise_pb2.DenoiseRequest, {}),
    "Diarize": (diarize_pb2.DiarizeRequest, {}),
    "Translate": (translate_pb2.TranslateRequest, {"source_language": "en", "target_language": "de"}),
    "Pipeline": (pipeline_pb2.PipelineRequest, {"asr": {"interim_results": True}, "denoise": {}, "diarize": {}}),
}
TEXT = ("It was late. ", "We went home, ", "and nobody said a word. ")


@lru_cache
def speech() -> tuple[bytes, ...]:
    """Two people in a meeting, cut."""
    return tuple(clips.read(clips.SPEECH / "meeting-ES2003a-dialogue.flac").chunks())


class MisbehavingClient:
    """One client."""

    def __init__(self, address: str, moods: Random, outcomes: Counter[str]) -> None:
        self._address, self._moods, self._outcomes = address, moods, outcomes

    async def call_again_and_again(self) -> None:
        """Calls until cancelled; now and then over a new connection."""
        while True:
            async with Client(self._address, alone=True) as client:
                for _ in range(self._moods.randint(1, 10)):
                    self._outcomes[await self._outcome(client)] += 1

    async def _outcome(self, client: Client) -> str:
        """One call: half finish, a third hang up, the rest send invalid messages."""
        mood = self._moods.choices(("finished", "hung up", "talked nonsense"), (50, 35, 15))[0]
        try:
            async with asyncio.timeout(self._moods.uniform(0.0, 2.0) if mood == "hung up" else 60.0):
                await self._call(client, mood)
        except TimeoutError:
            return mood if mood == "hung up" else "never answered"
        except ParleyError as error:
            return mood if mood == "talked nonsense" else error.reason
        return mood

    async def _call(self, client: Client, mood: str) -> None:
        way = self._moods.choice(list(WAYS))
        kind, config = WAYS[way]
        requests = requests_of(kind, kind(config=config).config, self._pieces(way, mood))
        async with aclosing(client.stream(way, requests)) as answers:
            async for _ in answers:
                pass

    async def _pieces(self, way: str, mood: str) -> AsyncIterator[bytes | str]:
        pieces: tuple[bytes, ...] | tuple[str, ...] = TEXT if way == "Translate" else speech()
        for piece in pieces:
            await asyncio.sleep(clips.CHUNK_S / PACE)
            yield piece[:-1] if mood == "talked nonsense" and isinstance(piece, bytes) else piece
