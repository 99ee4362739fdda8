"""A call made twice when the first answer is late; the sooner answer counts. Must not know what is called."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from gateway.replicas.retry import Then, When, rule

Answer = TypeVar("Answer")
Tried = TypeVar("Tried")


async def hedged(ask: Callable[[list[Tried]], Coroutine[Any, Any, Answer]], after_s: float) -> Answer:
    """`ask` appends the replica that it calls to its list, so that the second call goes to another one. 0: ask once."""
    tried: list[Tried] = []
    first = asyncio.create_task(ask(tried))
    running = {first}
    try:
        if after_s:
            done, _ = await asyncio.wait(running, timeout=after_s)
            running |= set() if done else {asyncio.create_task(ask(tried))}
        return await _sooner(running)
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _sooner(running: set["asyncio.Task[Answer]"]) -> Answer:
    """The first answer; an error that the retry table passes over counts only when the other call fails too."""
    waiting = set(running)
    while True:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        settled = [each for each in done if _settles(each.exception())]
        if settled or not waiting:
            return (settled or list(done))[0].result()


def _settles(error: BaseException | None) -> bool:
    return error is None or Then.OTHER_ANSWER not in rule(When.HEDGE, error).then
