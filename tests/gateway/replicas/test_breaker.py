"""The breaker: what counts, and who is let through."""

import asyncio

import pytest

from gateway.config import BreakerConfig
from gateway.replicas.breaker import Breaker
from parley.errors import BadInput, CircuitOpen, Overloaded, Unavailable


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


def fail(breaker: Breaker, error: BaseException, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(type(error)), breaker.guard():
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


@pytest.mark.parametrize("error", [BadInput("odd"), Overloaded("full"), asyncio.CancelledError()])
def test_what_is_no_fault_does_not_open_it(breaker: Breaker, error: BaseException) -> None:
    """Bad input, a full queue and a client who hangs up say nothing about the other side's health."""
    fail(breaker, error, 10)
    assert breaker.state == "closed"


def test_hanging_up_does_not_reset_the_count(breaker: Breaker) -> None:
    """A cancellation between two faults does not hide them."""
    fail(breaker, Unavailable("gone"))
    fail(breaker, asyncio.CancelledError())
    fail(breaker, Unavailable("gone"))
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


def test_who_says_that_it_is_well_is_probed_at_once(breaker: Breaker) -> None:
    """A replica that was started again need not wait for the rest to end."""
    fail(breaker, Unavailable("gone"), 2)
    breaker.wake()
    with breaker.guard() as attempt:
        assert attempt.probe


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
    fail(breaker, Unavailable("gone"))
    assert breaker.state == "open"


def test_calls_that_began_before_it_opened_still_count(breaker: Breaker, clock: Clock) -> None:
    """A late fault makes the rest begin anew, a late first answer closes the circuit."""
    with breaker.guard() as early:
        fail(breaker, Unavailable("gone"), 2)
        clock.now = 4.0
        breaker.failed()
        clock.now = 5.0
        assert not breaker.admits()
        early.worked()
    assert breaker.state == "closed"
