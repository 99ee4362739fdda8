"""Callers who send one piece, wait for its answer, and send the next. Must not know what is said."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from loadtest.bench.stages.setup import run
from parley.client import Client

CONNECTED_S = 10.0


@dataclass(frozen=True)
class Lockstep:
    """A stream of pieces, and which answer is a piece's own."""

    address: str
    service: str
    kind: Any  # of the requests
    config: Message
    pieces: Sequence[Any]  # the requests' other fields
    is_answer: Callable[[Any], bool]

    def alone(self) -> list[float]:
        """Milliseconds of each piece, of one caller."""
        return run(self._together(1))

    def rate(self, callers: int) -> float:
        """Pieces a second of so many at once."""
        began = time.perf_counter()
        return len(run(self._together(callers))) / (time.perf_counter() - began)

    def calls(self, count: int) -> list[float]:
        """Milliseconds of whole streams, one after the other, from opening to end."""
        return run(self._one_by_one(count))

    async def _one_by_one(self, count: int) -> list[float]:
        took: list[float] = []
        async with Client(self.address) as client:
            for _ in range(count):
                began = time.perf_counter()
                await self._stream(client)
                took.append(1000 * (time.perf_counter() - began))
        return took

    async def _together(self, callers: int) -> list[float]:
        async with Client(self.address) as client:
            await client.ready(CONNECTED_S)  # finding each other is no piece's time
            results = await asyncio.gather(*(self._stream(client) for _ in range(callers)))
        return [ms for each in results for ms in each]

    async def _stream(self, client: Client) -> list[float]:
        took: list[float] = []
        turn = asyncio.Semaphore(1)
        began = 0.0

        async def requests() -> AsyncIterator[Message]:
            nonlocal began
            yield self.kind(config=self.config)
            for piece in self.pieces:
                await turn.acquire()
                began = time.perf_counter()
                yield self.kind(**piece)

        async with aclosing(client.stream(self.service, requests())) as answers:
            async for answer in answers:
                if len(took) < len(self.pieces) and self.is_answer(answer):
                    took.append(1000 * (time.perf_counter() - began))
                    turn.release()
        return took
