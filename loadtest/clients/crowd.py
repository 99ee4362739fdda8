"""Users who call on a fixed schedule, whether or not earlier calls were answered. Must not know an API."""

import asyncio
import random
import time

from loadtest.clients.apis import ApiClient
from loadtest.clients.pace import until
from loadtest.measured.clips import CHUNK_S
from loadtest.measured.hdr import Book

OPEN = "open calls"
REFUSED = "RESOURCE_EXHAUSTED"


class Crowd:
    """All users of one API."""

    def __init__(self, client: ApiClient, book: Book, every_s: float, end: float) -> None:
        self._client, self._book, self._every_s, self._end = client, book, every_s, end
        self._open: set[asyncio.Task[None]] = set()
        self._hung_up: set[asyncio.Task[None]] = set()
        self._random = random.Random(0)

    async def person(self) -> None:
        """Call after call until the end, each at its time; then wait for the answers that are missing."""
        mine: list[asyncio.Task[None]] = []
        n = self._random.randrange(1000)
        # Not all at the same moment: of a recording people's chunks differ, of a rate their calls.
        due = time.monotonic() + self._random.random() * (self._every_s or CHUNK_S)
        try:
            while due < self._end and (not mine or due + self._client.lasts(n) <= self._end):
                await until(due)
                mine.append(self._start(n, due))
                due += self._every_s or self._client.lasts(n)
                n += 1
        finally:
            await asyncio.gather(*mine, return_exceptions=True)

    def _start(self, n: int, due: float) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._attempt(n, due))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        return task

    async def _attempt(self, n: int, due: float) -> None:
        self._book.count("calls", due)
        try:
            await self._client.call(n, due, self._book)
        except asyncio.CancelledError:
            hung_up = asyncio.current_task() in self._hung_up
            self._book.count("hung up" if hung_up else "error UNFINISHED", due)
        except Exception as error:
            self._failed(error, due)

    def _failed(self, error: Exception, due: float) -> None:
        """A refusal is an answer, if it comes at once; anything else is an error."""
        reason = getattr(error, "reason", type(error).__name__)
        if getattr(getattr(error, "code", None), "name", "") == REFUSED or reason == "HTTP_429":
            self._book.late("refusal", due)
            self._book.count(f"refused {reason}", due)
        else:
            self._book.count(f"error {reason}", due)

    def hang_up(self, share: float) -> None:
        """Cancels some of the open calls, as users who hang up."""
        gone = self._random.sample(sorted(self._open, key=id), round(share * len(self._open)))
        self._hung_up.update(gone)
        for task in gone:
            task.cancel()

    def leave(self) -> None:
        """Starts no more calls; open calls continue."""
        self._end = min(self._end, time.monotonic())

    def give_up(self) -> None:
        """Cancels every open call."""
        for task in list(self._open):
            task.cancel()

    async def tell(self) -> None:
        """Records every second how many calls are open, until cancelled."""
        second = 0
        while True:
            await until(self._book.began + second)
            self._book.count(OPEN, self._book.began + second, len(self._open))
            second += 1
