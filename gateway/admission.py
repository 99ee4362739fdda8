"""Who is let in. Must not know what they ask for."""

from collections.abc import Iterator
from contextlib import contextmanager

from parley.errors import Draining, TooManyStreams


class Admission:
    """So many calls at a time; one more is refused at once, and a gateway that is going away takes none."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.open = 0
        self.draining = False

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
