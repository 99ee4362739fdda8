"""One stream's memory, and the loop that drives it. Must not know a model, a network or a clock.

A session never awaits: it is fed, hands out jobs, takes results, and says what it has to say as `parley.v1` messages.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from google.protobuf.message import Message

Events = Iterable[Message]
Item = TypeVar("Item", bound=Sized, contravariant=True)
Job = TypeVar("Job", covariant=True)
Result = TypeVar("Result", contravariant=True)

HELD_MOST = 2 << 20  # bytes or characters fed since the session last had nothing to do


@dataclass(frozen=True)
class Flush:
    """In the input: answer everything received so far now."""


class Session(Protocol[Item, Job, Result]):
    """One stream. Calls never overlap. After `finish` jobs may still come; after the last the stream is done."""

    def feed(self, item: Item) -> Events:
        """More input."""

    def flush(self) -> Events:
        """Treat what is held as complete."""

    def next_job(self) -> Job | None:
        """The most useful work now; None: wait for more input."""

    def absorb(self, result: Result) -> Events:
        """The result of the job handed out last."""

    def finish(self) -> Events:
        """The input has ended. Legal on an empty stream."""


@runtime_checkable
class Ahead(Protocol):
    """A session whose next job does not need the last one's result. It absorbs results in the order of its jobs."""

    ahead: int  # jobs that may be out at a time


class _Gate:
    """Backpressure: stops reading the input while the session has more than it can work on."""

    def __init__(self, most: int) -> None:
        self.closed = False
        self._most, self._held = most, 0
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    def took(self, size: int) -> None:
        """The session was fed so many bytes."""
        self._held += size
        if self._held >= self._most:
            self._room.clear()
        self._news.set()

    def close(self) -> None:
        """There is no more input."""
        self.closed = True
        self._news.set()

    async def room(self) -> None:
        """Wait until the session may be fed."""
        await self._room.wait()

    async def news(self) -> None:
        """The session has nothing to do: let it be fed, and wait until it was."""
        self._held = 0
        self._room.set()
        await self._news.wait()
        self._news.clear()


async def drive(
    session: Session[Item, Job, Result],
    items: AsyncIterator[Item | Flush],
    submit: Callable[[Job], Awaitable[Result]],
    emit: Callable[[Events], Awaitable[None]],
    held_most: int = HELD_MOST,
) -> None:
    """Run a stream to its end: read while the engine works, answer in order."""
    lanes = session.ahead if isinstance(session, Ahead) else 1
    gate, order = _Gate(held_most), _Order(lanes)

    async def work() -> None:
        while True:
            job = session.next_job()
            if job is not None:
                before, done = order.place()
                result = await submit(job)
                await before.wait()
                await emit(list(session.absorb(result)))
                done.set()
            elif gate.closed:
                return
            else:
                await gate.news()

    reader = asyncio.create_task(_read(session, items, gate, emit))
    try:
        await _all([work() for _ in range(lanes)])
        await reader
    finally:
        reader.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await reader


class _Order:
    """Results are emitted in the order in which their jobs were handed out."""

    def __init__(self, lanes: int) -> None:
        self._lanes, self._last = lanes, asyncio.Event()
        self._last.set()

    def place(self) -> tuple[asyncio.Event, asyncio.Event]:
        """What to wait for, and what to set in the end. After an error it is never set."""
        before = self._last
        if self._lanes > 1:  # one alone is never out of order
            self._last = asyncio.Event()
        return before, self._last


async def _all(lanes: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run all to their end; the first that fails cancels the others."""
    tasks = [asyncio.create_task(lane) for lane in lanes]
    try:
        for done in asyncio.as_completed(tasks):
            await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(
    session: Session[Item, Job, Result],
    items: AsyncIterator[Item | Flush],
    gate: _Gate,
    emit: Callable[[Events], Awaitable[None]],
) -> None:
    try:
        async for item in items:
            await gate.room()
            await emit(list(session.flush() if isinstance(item, Flush) else session.feed(item)))
            gate.took(0 if isinstance(item, Flush) else len(item))
        await emit(list(session.finish()))
    finally:
        gate.close()
