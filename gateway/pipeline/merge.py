"""Events of several tasks -> one stream for one caller. Must not know what the events are."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar

Event = TypeVar("Event")


def _nothing() -> None:
    """There is nothing to put away."""


async def merged(
    work: Coroutine[Any, Any, None], out: asyncio.Queue[Event | None], after: Callable[[], None] = _nothing
) -> AsyncGenerator[Event]:
    """What the work and its tasks put into the queue, until all of them are done or one fails; then `after`."""
    task = asyncio.create_task(_then_nothing(work, out))
    try:
        while (event := await out.get()) is not None:
            yield event
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        after()


async def _then_nothing(work: Coroutine[Any, Any, None], out: asyncio.Queue[Event | None]) -> None:
    try:
        await work
    except BaseExceptionGroup as many:
        await out.put(None)
        raise first(many) from None
    await out.put(None)


def first(many: BaseExceptionGroup[BaseException]) -> BaseException:
    """What went wrong before anything else did."""
    one = many.exceptions[0]
    return first(one) if isinstance(one, BaseExceptionGroup) else one
