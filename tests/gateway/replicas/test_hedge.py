"""The same question twice."""

import asyncio

import pytest

from gateway.replicas.hedge import hedged
from parley.errors import Unavailable


class Asked:
    """Each question takes as long, or fails, as it is told."""

    def __init__(self, *answers: float | Exception) -> None:
        self._answers = list(answers)
        self.cancelled = 0

    async def __call__(self, tried: list[int]) -> int:
        number = len(tried)
        tried.append(number)
        answer = self._answers[number]
        if isinstance(answer, Exception):
            raise answer
        try:
            await asyncio.sleep(answer)  # so slow is it
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return number


async def test_the_sooner_answer_counts_and_the_other_is_let_go() -> None:
    """A slow first question costs no more than the second one."""
    ask = Asked(20.0, 0.0)
    assert await hedged(ask, 0.02) == 1
    assert ask.cancelled == 1


async def test_a_quick_answer_asks_nobody_else() -> None:
    """Hedging costs nothing while all is well."""
    assert await hedged(Asked(0.0), 5.0) == 0


async def test_off_it_asks_once() -> None:
    """Zero means never."""
    assert await hedged(Asked(0.05), 0.0) == 0


async def test_a_failing_second_question_does_not_hide_the_first() -> None:
    """One good answer is enough."""
    assert await hedged(Asked(0.1, Unavailable("gone")), 0.02) == 0


async def test_when_both_fail_it_fails() -> None:
    """Two failures are a failure."""
    with pytest.raises(Unavailable):
        await hedged(Asked(Unavailable("a")), 0.02)
