"""Keeps a stream's requests until its first answer, to be sent again by a retry. Must not know their content."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

KEPT_MOST = 1 << 20  # bytes; a caller who has sent so much waits for the first answer


class Rewind:
    """Reads the requests once and replays them as often as needed until it is settled."""

    def __init__(self, requests: AsyncIterator[bytes]) -> None:
        self._source = requests
        self._kept: list[bytes] = []
        self._size = 0
        self._settled = asyncio.Event()
        self._reading: asyncio.Task[bytes | None] | None = None

    async def first(self) -> None:
        """Wait for the first request: a caller who has sent nothing yet needs no replica."""
        if (request := await self._read()) is not None:
            self._keep(request)

    def settle(self) -> None:
        """There is an answer: frees what was kept, nothing will be replayed."""
        self._settled.set()
        self._kept.clear()

    async def requests(self) -> AsyncIterator[bytes]:
        """All requests from the start; may be iterated again until it is settled."""
        for kept in tuple(self._kept):
            yield kept
        while (request := await self._read()) is not None:
            if not self._settled.is_set():
                self._keep(request)
            yield request

    def _keep(self, request: bytes) -> None:
        self._kept.append(request)
        self._size += len(request)

    async def _read(self) -> bytes | None:
        if self._settled.is_set() and self._reading is None:
            return await anext(self._source, None)
        if self._size > KEPT_MOST:
            await self._settled.wait()
        # A reader that is cancelled must not take the source with it: the next one goes on where it was.
        self._reading = self._reading or asyncio.create_task(self._pull())
        request = await asyncio.shield(self._reading)
        self._reading = None
        return request

    async def _pull(self) -> bytes | None:
        return await anext(self._source, None)

    async def close(self) -> None:
        """Cancel a read that is still waiting for the caller."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._reading
