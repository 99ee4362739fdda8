"""The same question twice, when the first answer is late; the sooner answer counts. Must not know what is asked."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")
Tried = TypeVar("Tried")


async def hedged(ask: Callable[[list[Tried]], Coroutine[Any, Any, Answer]], after_s: float) -> Answer:
    """`ask` notes whom it asks in the list that it is given, so that the second goes to another. 0: ask once."""
    tried: list[Tried] = []
    first = asyncio.create_task(ask(tried))
    asked = {first}
    try:
        if after_s:
            done, _ = await asyncio.wait(asked, timeout=after_s)
            asked |= set() if done else {asyncio.create_task(ask(tried))}
        return await _sooner(asked)
    finally:
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def _sooner(asked: set["asyncio.Task[Answer]"]) -> Answer:
    """The first that answers; one that fails counts only when the others fail too."""
    waiting = set(asked)
    while True:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        good = [each for each in done if not each.exception()]
        if good or not waiting:
            return (good or list(done))[0].result()
