"""One stream's memory, and the loop that drives it. Must not know a model, a network or a clock.

A session never awaits: it is fed, hands out jobs, takes results, and says what it has to say as `parley.v1` messages.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sized
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from google.protobuf.message import Message

Events = Iterable[Message]
Item = TypeVar("Item", bound=Sized, contravariant=True)
Job = TypeVar("Job", covariant=True)
Result = TypeVar("Result", contravariant=True)

HELD_MOST = 2 << 20  # bytes or characters fed since the session last had nothing to do


@dataclass(frozen=True)
class Flush:
    """Answer everything heard so far now."""


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


class _Gate:
    """Stops the reading while the session is behind."""

    def __init__(self, most: int) -> None:
        self.closed = False
        self._most, self._held = most, 0
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    def took(self, size: int) -> None:
        """The session was fed."""
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
    gate = _Gate(held_most)
    reader = asyncio.create_task(_read(session, items, gate, emit))
    try:
        while True:
            job = session.next_job()
            if job is not None:
                await emit(list(session.absorb(await submit(job))))
            elif gate.closed:
                return await reader
            else:
                await gate.news()
    finally:
        reader.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await reader


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
