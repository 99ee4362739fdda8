"""The APIs of a speech server, as a client uses them: one file each."""

from typing import Protocol

from loadtest.measured.hdr import Book


class ApiClient(Protocol):
    """One kind of call, again and again. Counts everything from when a call was due."""

    async def calm(self) -> None:
        """Makes each kind of call once before the load, to learn the right answers."""

    def lasts(self, n: int) -> float:
        """How long call n takes to say, in seconds; 0: it is said at once."""

    async def call(self, n: int, due: float, book: Book) -> None:
        """Call n, from its first byte to its last answer."""

    async def close(self) -> None:
        """Hang up."""
