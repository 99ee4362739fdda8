"""Ends what waits past its budget. Must not know what is waited for."""

import asyncio
import math
from typing import Any

from parley.budget import Budget
from parley.errors import DeadlinePassed

SOONEST_S = 0.001  # a loop's timers are no finer; one that is set to less may come before its time again and again


class Deadlines:
    """One timer for everybody who waits, set to the earliest deadline: most are answered long before theirs.

    A timer for each would cost more than the rest of the way to an engine.
    """

    def __init__(self, why: str) -> None:
        self._why = why
        self._waiting: dict[asyncio.Future[Any], Budget] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, answer: "asyncio.Future[Any]", budget: Budget) -> None:
        """From now on it fails with DeadlinePassed once the budget is spent."""
        if not budget.endless:
            self._waiting[answer] = budget
            self._set(budget.left)

    def forget(self, answer: "asyncio.Future[Any]") -> None:
        """Nobody waits for it any more."""
        self._waiting.pop(answer, None)

    def close(self) -> None:
        """Forget everybody."""
        self._waiting.clear()
        if self._timer:
            self._timer.cancel()

    def _set(self, left_s: float) -> None:
        loop = asyncio.get_running_loop()
        at = loop.time() + max(left_s, SOONEST_S)
        if self._timer and self._timer.when() <= at:
            return
        if self._timer:
            self._timer.cancel()
        self._timer = loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        left_s = math.inf
        for answer, budget in tuple(self._waiting.items()):
            if not budget.spent:
                left_s = min(left_s, budget.left)
            elif not answer.done():
                answer.set_exception(DeadlinePassed(self._why))
        if left_s < math.inf:
            self._set(left_s)
