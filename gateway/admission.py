"""Who is let in. Must not know what they ask for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from parley.errors import Draining, TooManyStreams


class Admission:
    """So many calls at a time; one more is refused at once, and a gateway that is going away takes none."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.open = 0
        self.draining = False
        self._ended = asyncio.Event()

    async def empty(self, within_s: float) -> None:
        """Wait until the last call has ended, or so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.open:
                    self._ended.clear()
                    await self._ended.wait()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place for one call."""
        if self.draining:
            raise Draining("This gateway is going away; call again.", retry_s=0.1)
        if self.open >= self._most:
            raise TooManyStreams(f"{self.open} calls are open, and that is the limit; come back.", retry_s=1.0)
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
            self._ended.set()
