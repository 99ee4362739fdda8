"""How much memory uploads may hold together. Must not know where they come from."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from parley.errors import Overloaded

Take = Callable[[int], None]


class Room:
    """What all bodies together may hold of memory."""

    def __init__(self, most: int) -> None:
        self._most, self.held = most, 0

    @contextmanager
    def place(self) -> Iterator[Take]:
        """For one body, until its request is answered."""
        mine = 0

        def take(size: int) -> None:
            nonlocal mine
            if self.held + size > self._most:
                said = f"Uploads of {self.held} bytes are being worked on, and {self._most} is the limit; come back."
                raise Overloaded(said, retry_s=2.0)
            self.held += size
            mine += size

        try:
            yield take
        finally:
            self.held -= mine
