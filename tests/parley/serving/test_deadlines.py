"""What waits past its budget."""

import asyncio

import pytest

from parley.budget import Budget
from parley.errors import DeadlinePassed
from parley.serving.deadlines import Deadlines
from tests.fakes import PATIENCE_S, Clock
from tests.waiting import until

WHY = "Too late."
SOON_S = 0.05


def answer() -> "asyncio.Future[int]":
    return asyncio.get_running_loop().create_future()


async def test_each_fails_when_its_own_time_is_over() -> None:
    """The soonest first, whoever came first; who has more time, or all of it, goes on waiting."""
    deadlines, late, soon, ever = Deadlines(WHY), answer(), answer(), answer()
    deadlines.watch(late, Budget.of(PATIENCE_S))
    deadlines.watch(soon, Budget.of(SOON_S))
    deadlines.watch(ever, Budget.of(None))
    with pytest.raises(DeadlinePassed, match=WHY):
        await soon
    assert not late.done()
    assert not ever.done()
    deadlines.close()


async def test_one_after_the_other() -> None:
    """After the first deadline the next one is kept as well."""
    deadlines, answers = Deadlines(WHY), [answer(), answer()]
    for number, each in enumerate(answers, 1):
        deadlines.watch(each, Budget.of(number * SOON_S))
    found = await asyncio.gather(*answers, return_exceptions=True)
    assert [type(each) for each in found] == [DeadlinePassed, DeadlinePassed]


async def test_all_share_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer for each job would cost more than the way to the engine."""
    loop, timers = asyncio.get_running_loop(), list[asyncio.TimerHandle]()
    call_at = loop.call_at

    def counted(*words: object) -> asyncio.TimerHandle:
        timers.append(call_at(*words))  # type: ignore[arg-type]
        return timers[-1]

    monkeypatch.setattr(loop, "call_at", counted)
    deadlines = Deadlines(WHY)
    for _ in range(100):
        waiting = answer()
        deadlines.watch(waiting, Budget.of(PATIENCE_S))
        deadlines.forget(waiting)
    assert len(timers) == 1
    deadlines.close()
    assert timers[0].cancelled()


async def test_a_budgets_own_clock_decides() -> None:
    """A timer that comes before the budget's own clock has got there fails nobody."""
    clock, deadlines, waiting = Clock(), Deadlines(WHY), answer()
    deadlines.watch(waiting, Budget.of(SOON_S, clock))
    await asyncio.sleep(2 * SOON_S)
    assert not waiting.done()
    clock.now += 1
    await until(waiting.done)
    assert isinstance(waiting.exception(), DeadlinePassed)


async def test_an_answer_in_time_stays() -> None:
    """Who was answered, or has gone, is not told that it is late."""
    deadlines, answered, gone = Deadlines(WHY), answer(), answer()
    for each in (answered, gone):
        deadlines.watch(each, Budget.of(SOON_S))
    answered.set_result(7)
    gone.cancel()
    await asyncio.sleep(2 * SOON_S)
    assert answered.result() == 7
    assert gone.cancelled()
