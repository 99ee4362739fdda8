"""Filters in a row: each one's sound goes into the next. Must not know what a filter does, nor where the sound ends up.

Invariant: every byte that goes into a filter leaves it once and in order, filtered, or as it came where the filter is
lost. The lock of a filter is held while its sound is handed on, so that what a lost filter held goes before what comes
after.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from gateway.pipeline.branch import Branch
from parley.v1.pipeline_pb2 import Notice

HELD_MOST_NS = 1_000_000_000  # of sound that a filter may hold while it is well
Give = Callable[[bytes], Awaitable[None]]


class Filter:
    """One filter, and what is after it."""

    def __init__(self, branch: Branch, give: Give, end_next: Callable[[], Awaitable[None]]) -> None:
        self.branch, self._give, self._end_next = branch, give, end_next
        self._unanswered = bytearray()  # went in and has not come back
        self.given = 0  # bytes that were handed on
        self._order, self._ended = asyncio.Lock(), False
        branch.must_answer = self._holds_too_much

    def _holds_too_much(self) -> bool:
        tail: Any = self.branch.tail
        return bool(tail.scale.nanoseconds(len(self._unanswered)) > (0 if self._ended else HELD_MOST_NS))

    async def hear(self, data: bytes) -> None:
        """Takes more sound; passes it by where the filter is lost."""
        if self.branch.alive:
            self._unanswered += data
            await self.branch.audio(data)
        else:
            await self.branch.audio(data)
            async with self._order:
                await self._hand_on(data)

    async def filtered(self, data: bytes) -> None:
        """What the filter makes of the sound."""
        async with self._order:
            del self._unanswered[: len(data)]
            await self._hand_on(data)

    async def bypass(self, notice: Notice, say: Callable[[Notice], Awaitable[None]]) -> None:
        """The replica is lost: say so, and hand on what it held as it came."""
        async with self._order:
            await say(notice)
            held = bytes(self._unanswered)
            self._unanswered.clear()
            if held:
                await self._hand_on(held)

    async def _hand_on(self, data: bytes) -> None:
        self.given += len(data)
        await self._give(data)

    async def end(self) -> None:
        """The input has ended."""
        self._ended = True
        self.branch.tail.end()
        if not self.branch.alive:
            await self.done()

    async def done(self) -> None:
        """The filter's output has ended."""
        if self._ended:
            async with self._order:
                await self._end_next()

    def forget(self) -> None:
        """Frees the sound now instead of at the next garbage collection."""
        self._unanswered.clear()


def chain(branches: Sequence[Branch], give: Give, end: Callable[[], Awaitable[None]]) -> list[Filter]:
    """Filters in the order in which sound passes them; the last one's sound, and its end, go where the caller says."""
    found: list[Filter] = []
    for branch in reversed(branches):
        found.insert(0, Filter(branch, give, end))
        give, end = found[0].hear, found[0].end
    return found
