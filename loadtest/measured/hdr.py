"""What one call writes down: latencies from when things were due. Must not know what is called."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from loadtest.measured.measures import Measures

OnMeasured = Callable[[str, float], None]


@dataclass(frozen=True)
class Book:
    """Where a scenario's calls write. Everything counts from the moment when it should have been."""

    measures: Measures
    began: float  # of the scenario, on the monotonic clock
    tell: OnMeasured = lambda what, ms: None  # somebody who looks on, e.g. Locust's table

    def late(self, what: str, due: float, at: float | None = None) -> None:
        """Records a latency since `due`; at: when it came, if not now."""
        ms = 1000 * ((time.monotonic() if at is None else at) - due)
        self.measures.late(what, ms, due - self.began)
        self.tell(what, ms)

    def count(self, what: str, due: float, times: float = 1) -> None:
        """Counts an event under the second in which it was due."""
        self.measures.count(what, due - self.began, times)
