"""Things at their time, whatever happened to those before: the schedule never waits for a server."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

Thing = TypeVar("Thing")
EARLY_S = 0.0005  # event loops round to milliseconds: nothing is sent before it is due


async def until(due: float) -> None:
    """Sleep till then; not at all when it has passed."""
    left = due - time.monotonic()
    if left > 0:
        await asyncio.sleep(left + EARLY_S)


async def paced(things: Iterable[Thing], start: float | None, every_s: float) -> AsyncIterator[tuple[float, Thing]]:
    """Thing n is due when it is complete, as a microphone's chunks are: at start + (n + 1) * every_s.

    Without a start there is no hurry and no wait.
    """
    for n, thing in enumerate(things):
        due = time.monotonic() if start is None else start + (n + 1) * every_s
        await until(due)
        yield due, thing
