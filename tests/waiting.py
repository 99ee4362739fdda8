"""Waiting until something is so. The limit is for what never comes; how soon it comes is nobody's business here."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Never

from tests.fakes import PATIENCE_S

EVERY_S = 0.01


async def until(so: Callable[[], object], every_s: float = EVERY_S) -> None:
    """Look, or ask, until the answer is yes."""
    async with asyncio.timeout(PATIENCE_S):
        while not await _answer(so):
            await asyncio.sleep(every_s)


async def _answer(so: Callable[[], object]) -> object:
    found = so()
    return await found if inspect.isawaitable(found) else found


def until_now(so: Callable[[], object], every_s: float = EVERY_S) -> None:
    """The same where nothing can be awaited."""
    end = time.monotonic() + PATIENCE_S
    while not so():
        assert time.monotonic() < end, "It never came to be so."
        time.sleep(every_s)


async def never() -> Never:
    """Until cancelled."""
    await asyncio.Event().wait()
    raise AssertionError("Nobody sets this.")
