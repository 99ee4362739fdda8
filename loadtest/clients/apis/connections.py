"""A connection for everybody who calls, as clients have them; bounded. Must not know what is said on them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

MOST = 200  # each is an open file here and there


class Closes(Protocol):
    """Something that can be hung up."""

    async def close(self) -> object:
        """Hang up."""


Connection = TypeVar("Connection", bound=Closes)


class Connections(Generic[Connection]):
    """Dialled when they are first needed, and kept. Who calls more often than there are callers shares one."""

    def __init__(self, dial: Callable[[], Connection], callers: int) -> None:
        self._dial, self._most = dial, min(callers, MOST)
        self._calls: dict[Connection, int] = {}  # that are open; whose turn was longest ago comes first

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """For one call."""
        connection = self._dial() if len(self._calls) < self._most else min(self._calls, key=self._calls.__getitem__)
        self._calls[connection] = self._calls.pop(connection, 0) + 1
        try:
            yield connection
        finally:
            self._calls[connection] -= 1

    async def close(self) -> None:
        """Hang up everywhere."""
        await asyncio.gather(*(connection.close() for connection in self._calls))
