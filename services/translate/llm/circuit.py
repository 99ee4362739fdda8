"""Whether a server is worth asking just now. Must not know what it is asked. Calls come from several threads.

The gateway's breaker (record 7) is another one: it tells callers apart and lives on an event loop. Here there is one
caller, and the sentence that is refused has somebody else who translates it.
"""

import threading
import time
from collections.abc import Callable
from typing import Literal

from parley.budget import Clock
from parley.errors import CircuitOpen

FAILURES, REST_S = 3, 5.0  # in a row, before it rests; and how long
Ask = Literal["yes", "probe"]


class Circuit:
    """Closed: everybody asks. Open: nobody does, until it has rested; then one looks whether the server is well."""

    def __init__(self, name: str, failures: int = FAILURES, rest_s: float = REST_S, clock: Clock = time.monotonic):
        self._name, self._failures, self._rest_s, self._clock = name, failures, rest_s, clock
        self._lock = threading.Lock()
        self._failed, self._until, self._probing = 0, 0.0, False

    def pass_(self, look: Callable[[], None]) -> None:
        """Return where the server may be asked. Raises CircuitOpen, or what the look at it finds wrong."""
        if self._admits() == "probe":
            try:
                look()
            except BaseException:
                self.failed()
                raise
            self._end_rest()

    def _admits(self) -> Ask:
        with self._lock:
            left_s = self._until - self._clock()
            if left_s > 0 or self._probing:
                raise CircuitOpen(f"{self._name} failed just now and is left alone.", retry_s=max(left_s, 0.1))
            self._probing = self._until > 0
            return "probe" if self._probing else "yes"

    def _end_rest(self) -> None:
        """It is well: it is asked again, and one more failure opens the circuit at once."""
        with self._lock:
            self._failed, self._until, self._probing = self._failures - 1, 0.0, False

    def worked(self) -> None:
        """An answer came, whatever it says."""
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        """No answer came."""
        with self._lock:
            self._failed += 1
            self._probing = False
            if self._failed >= self._failures:
                self._until = self._clock() + self._rest_s

    def rest(self, seconds: float) -> None:
        """The server asks to be left alone for so long."""
        with self._lock:
            self._until = max(self._until, self._clock() + seconds)
