"""Threads that run an engine beside the event loop. Must not know what is run."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

Result = TypeVar("Result")
_Piece = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class Workers:
    """So many pieces of work at a time, in the order in which they come.

    The standard library's executor takes a lock, a condition and two futures for each of them: more than a small batch.
    """

    def __init__(self, count: int, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._inbox: SimpleQueue[_Piece | None] = SimpleQueue()
        # Daemons: a library that hangs must not keep the process from ending.
        self._threads = [Thread(target=self._work, name=f"{name}_{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def run(self, work: Callable[[], Result]) -> "asyncio.Future[Result]":
        """What the work gives, or raises."""
        answer: asyncio.Future[Result] = self._loop.create_future()
        self._inbox.put((work, answer))
        return answer

    def close(self) -> None:
        """What has come is still done; the threads end after it."""
        for _ in self._threads:
            self._inbox.put(None)

    def _work(self) -> None:
        while (piece := self._inbox.get()) is not None:
            self._do(*piece)
            del piece  # who waits for work must not hold the last one's sound

    def _do(self, work: Callable[[], Any], answer: "asyncio.Future[Any]") -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as failed:
            error = failed
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(_settle, answer, result, error)


def _settle(answer: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if answer.done():  # whoever waited has gone
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)
