"""Who is let in."""

import pytest

from gateway.admission import Admission
from parley.errors import Draining, TooManyStreams


def test_one_more_than_the_limit_is_refused_at_once() -> None:
    """A full house says so, and a place given back can be taken."""
    admission = Admission(1)
    with admission.place(), pytest.raises(TooManyStreams), admission.place():
        pass
    with admission.place():
        assert admission.open == 1


def test_a_failing_call_gives_its_place_back() -> None:
    """Errors leak no places."""
    admission = Admission(1)
    with pytest.raises(RuntimeError), admission.place():
        raise RuntimeError
    assert admission.open == 0


def test_a_gateway_that_goes_away_takes_nobody() -> None:
    """Draining is told apart from being full."""
    admission = Admission(1)
    admission.draining = True
    with pytest.raises(Draining), admission.place():
        pass
