"""How long a stream may send nothing. Must not know what it sends, nor over what."""

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Any, Self, TypeVar

from parley.errors import StreamIdle

Message = TypeVar("Message")


class IdleTimer:
    """One timer for all messages of a stream: where it ends it looks whether one came, and starts again.

    Setting a timer for each message and taking it away again would cost more than reading the message.
    """

    def __init__(self, within_s: float) -> None:
        self._within_s, self._loop = within_s, asyncio.get_running_loop()
        self._waits_since: float | None = None  # None: nothing is read now
        self._task: asyncio.Task[Any] | None = None  # who reads
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    async def message(self, reading: Awaitable[Message]) -> Message:
        """The next message; raises StreamIdle where none comes in time. 0: however long it takes."""
        if not self._within_s:
            return await reading
        self._task, self._waits_since = asyncio.current_task(), self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._within_s, self._look)
        try:
            return await reading
        except asyncio.CancelledError:
            if not self._over or (self._task and self._task.uncancel()):
                raise  # somebody else cancels
            self._over = False
            raise StreamIdle(
                f"Nothing came for {self._within_s:g} s, and others wait for the place; send silence as sound, or end "
                "the stream and open another one later."
            ) from None
        finally:
            self._waits_since = None

    def _look(self) -> None:
        self._timer = None
        if self._waits_since is None or self._task is None:
            return  # the next message starts it again
        left_s = self._waits_since + self._within_s - self._loop.time()
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self._look)
        else:
            self._over = True
            self._task.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._timer:
            self._timer.cancel()


async def message(reading: Awaitable[Message], within_s: float) -> Message:
    """One message in time; 0: however long it takes."""
    with IdleTimer(within_s) as timer:
        return await timer.message(reading)
