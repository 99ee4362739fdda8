"""Standard input, read without holding up the loop or the end of the process. Must not know what the bytes are."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress

from parley.errors import BadInput

AHEAD = 50  # pieces read before they are wanted


class StdinPipe:
    """A file descriptor, read exactly. Not a BufferedReader: its lock would hold up the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._held = b""

    def read(self, size: int) -> bytes:
        """So many bytes, fewer only at the end."""
        found = self.peek(size)
        self._held = self._held[size:]
        return found

    def rest(self) -> Iterator[bytes]:
        """What comes, as it comes, to the end."""
        while more := self._held or os.read(self._descriptor, 1 << 16):
            self._held = b""
            yield more

    def peek(self, size: int) -> bytes:
        """Like `read`, without consuming the bytes."""
        while len(self._held) < size and (more := os.read(self._descriptor, 1 << 16)):
            self._held += more
        return self._held[:size]


async def from_thread(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Pieces that may have to be waited for, taken in a thread."""
    belt = Belt(asyncio.get_running_loop())
    # A daemon: a read that waits for a silent pipe must not hold up Ctrl-C.
    threading.Thread(target=belt.fill, args=(pieces,), daemon=True).start()
    while piece := await belt.take():
        yield piece


class Belt:
    """From a thread that may wait to a loop that must not; never more than `AHEAD` pieces."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[bytes | Exception] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)

    def fill(self, pieces: Iterable[bytes]) -> None:
        """In the thread: put every piece, then an empty one, or what went wrong."""
        with suppress(RuntimeError):  # the loop has closed: nobody listens any more
            try:
                for piece in pieces:
                    self._put(piece)
                self._put(b"")
            except OSError as error:
                self._put(BadInput(f"Standard input cannot be read ({error.strerror})."))

    def _put(self, piece: bytes | Exception) -> None:
        self._room.acquire()
        self._loop.call_soon_threadsafe(self._queue.put_nowait, piece)

    async def take(self) -> bytes:
        """In the loop: the next piece."""
        piece = await self._queue.get()
        self._room.release()
        if isinstance(piece, Exception):
            raise piece
        return piece
