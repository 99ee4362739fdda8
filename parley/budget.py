"""Deadlines: how much time a piece of work still has. Must not know what the work is."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]


@dataclass(frozen=True)
class Budget:
    """A moment after which nobody waits any more."""

    deadline: float
    clock: Clock = time.monotonic

    @classmethod
    def of(cls, seconds: float | None, clock: Clock = time.monotonic) -> "Budget":
        """A budget that starts now; None: for ever."""
        return cls(math.inf if seconds is None else clock() + seconds, clock)

    @property
    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.deadline - self.clock())

    @property
    def spent(self) -> bool:
        """True when nobody waits any more."""
        return self.left <= 0.0

    @property
    def endless(self) -> bool:
        """True when somebody waits for ever."""
        return math.isinf(self.deadline)

    def at_most(self, seconds: float) -> "Budget":
        """The same budget, or a sooner one."""
        return Budget(min(self.deadline, self.clock() + seconds), self.clock)
