"""The breaker: what counts, and who is let through."""

import asyncio
from datetime import datetime, timedelta, tzinfo

import pytest

from gateway.config import BreakerConfig
from gateway.replicas.breaker import Breaker
from parley.budget import Budget
from parley.errors import BadInput, CircuitOpen, DeadlinePassed, Draining, Overloaded, Unavailable


class Clock:
    """Time that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("asr", BreakerConfig(failures=2, rest_s=5.0), clock)


def fail(breaker: Breaker, error: BaseException, times: int = 1, by: str = "") -> None:
    """So often; each time to another caller where none is named."""
    for number in range(times):
        with pytest.raises(type(error)), breaker.guard(by or f"caller {number}"):
            raise error


def test_faults_in_a_row_open_it(breaker: Breaker) -> None:
    """After two faults nobody is let through."""
    fail(breaker, Unavailable("gone"), 2)
    with pytest.raises(CircuitOpen), breaker.guard():
        pass


def test_an_unexpected_error_is_a_fault(breaker: Breaker) -> None:
    """What nobody foresaw counts."""
    fail(breaker, ValueError("bug"), 2)
    assert breaker.state == "open"


@pytest.mark.parametrize("error", [BadInput("odd"), Overloaded("full"), Draining("bye"), asyncio.CancelledError()])
def test_what_is_no_fault_does_not_open_it(breaker: Breaker, error: BaseException) -> None:
    """Bad input, a full queue and a client who hangs up say nothing about the other side's health."""
    fail(breaker, error, 10)
    assert breaker.state == "closed"


def test_who_waits_too_short_proves_nothing(breaker: Breaker, clock: Clock) -> None:
    """A deadline of the caller's own that has passed is no fault; one that we set is."""
    for by in ("ann", "bob", "eve"):
        with pytest.raises(DeadlinePassed), breaker.guard(by, Budget.of(0.0, clock)):
            raise DeadlinePassed("late")
    assert breaker.state == "closed"
    for by in ("ann", "bob"):
        with pytest.raises(DeadlinePassed), breaker.guard(by, Budget.of(10.0, clock)):
            raise DeadlinePassed("did not open")
    assert breaker.state == "open"


def test_hanging_up_does_not_reset_the_count(breaker: Breaker) -> None:
    """A cancellation between two faults does not hide them."""
    fail(breaker, Unavailable("gone"), by="ann")
    fail(breaker, asyncio.CancelledError(), by="ann")
    fail(breaker, Unavailable("gone"), by="bob")
    assert breaker.state == "open"


def test_a_success_resets_the_count(breaker: Breaker) -> None:
    """Faults that are not in a row do not open it."""
    fail(breaker, Unavailable("gone"))
    with breaker.guard():
        pass
    fail(breaker, Unavailable("gone"))
    assert breaker.state == "closed"


def test_after_the_rest_one_probe_passes(breaker: Breaker, clock: Clock) -> None:
    """Half-open lets one caller through and refuses the second."""
    fail(breaker, Unavailable("gone"), 2)
    clock.now = 5.0
    with breaker.guard():
        with pytest.raises(CircuitOpen), breaker.guard():
            pass
        assert breaker.state == "half-open"
    assert breaker.state == "closed"


def test_who_says_that_it_is_well_gets_calls_at_once(breaker: Breaker, clock: Clock) -> None:
    """A replica that was started again need not wait for the rest, nor for the probe that is on its way."""
    fail(breaker, Unavailable("gone"), 2)
    clock.now = 5.0
    with breaker.guard("ann") as probe:
        assert probe.probe
        breaker.close()
        with breaker.guard("bob") as attempt:
            assert not attempt.probe
    assert breaker.state == "closed"


def test_one_caller_opens_nothing(breaker: Breaker) -> None:
    """What only one sees may be their own requests' doing, however often they send them."""
    fail(breaker, Unavailable("gone"), 50, by="ann")
    assert breaker.state == "closed"
    fail(breaker, Unavailable("gone"), by="bob")
    assert breaker.state == "open"


def test_a_success_clears_whom_it_failed(breaker: Breaker) -> None:
    """Faults of one caller before a success, and of another after it, are no two witnesses of one fault."""
    fail(breaker, Unavailable("gone"), by="ann")
    with breaker.guard("eve"):
        pass
    fail(breaker, Unavailable("gone"), 50, by="bob")
    assert breaker.state == "closed"


def test_who_was_well_all_the_time_begins_at_nothing(breaker: Breaker) -> None:
    """Faults before a replica was seen to be well are not added to those after it."""
    breaker.failed("the health check")
    breaker.close()
    fail(breaker, Unavailable("gone"), by="ann")
    assert breaker.state == "closed"


def test_whose_probe_failed_lets_others_go_first(breaker: Breaker, clock: Clock) -> None:
    """One caller who sends bad requests for ever cannot take every probe, and so keep it open for everybody."""
    fail(breaker, Unavailable("gone"), 2)
    clock.now = 5.0
    fail(breaker, Unavailable("gone"), by="ann")
    clock.now = 10.0
    assert [breaker.admits(by) for by in ("ann", "bob")] == [False, True]
    clock.now = 15.0
    assert breaker.admits("ann")


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_set_changes_nothing(
    breaker: Breaker, clock: Clock, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Pybreaker reads the time of day; its rest is ours to measure, so a day more or less neither opens nor closes."""

    class Set(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(days=days)

    fail(breaker, Unavailable("gone"), 2)
    monkeypatch.setattr("pybreaker.datetime", Set)
    assert not breaker.admits()
    clock.now = 5.0
    with breaker.guard():
        pass
    assert breaker.state == "closed"


async def test_the_end_of_a_probe_can_be_waited_for(breaker: Breaker, clock: Clock) -> None:
    """Whoever waits is woken once the probe has worked, and at once where none is on its way."""
    fail(breaker, Unavailable("gone"), 2)
    await breaker.settled()
    clock.now = 5.0
    with breaker.guard() as attempt:
        waiting = asyncio.create_task(breaker.settled())
        await asyncio.sleep(0)
        assert breaker.is_probing
        attempt.worked()
        await waiting


def test_a_failing_probe_opens_it_again(breaker: Breaker, clock: Clock) -> None:
    """The rest begins anew when the probe fails."""
    fail(breaker, Unavailable("gone"), 2)
    clock.now = 5.0
    fail(breaker, Unavailable("still gone"))
    assert not breaker.admits()
    clock.now = 10.0
    assert breaker.admits()


def test_a_probe_that_hangs_up_leaves_room_for_the_next(breaker: Breaker, clock: Clock) -> None:
    """A cancelled probe neither closes the circuit nor blocks it."""
    fail(breaker, Unavailable("gone"), 2)
    clock.now = 5.0
    fail(breaker, asyncio.CancelledError())
    assert breaker.state == "open"
    assert breaker.admits()


def test_a_stream_counts_as_working_at_its_first_answer(breaker: Breaker, clock: Clock) -> None:
    """A long stream closes the circuit when it answers, not when it ends."""
    fail(breaker, Unavailable("gone"), 2)
    clock.now = 5.0
    with breaker.guard() as attempt:
        attempt.worked()
        assert breaker.state == "closed"


def _break_in_the_middle(breaker: Breaker) -> None:
    try:
        with breaker.guard() as attempt:
            attempt.worked()
            raise Unavailable("broke")
    except Unavailable:
        pass


def test_failing_in_the_middle_counts_too(breaker: Breaker) -> None:
    """Streams that open well and then break open the circuit in the end."""
    for _ in range(2):
        _break_in_the_middle(breaker)
    assert breaker.state == "closed"
    fail(breaker, Unavailable("gone"), by="bob")
    assert breaker.state == "open"


def test_calls_that_began_before_it_opened_still_count(breaker: Breaker, clock: Clock) -> None:
    """A late fault makes the rest begin anew, a late first answer closes the circuit."""
    with breaker.guard() as early:
        fail(breaker, Unavailable("gone"), 2)
        clock.now = 4.0
        breaker.failed("ann")
        clock.now = 5.0
        assert not breaker.admits()
        early.worked()
    assert breaker.state == "closed"
