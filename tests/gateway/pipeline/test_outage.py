"""How long another replica is looked for."""

import pytest

from gateway.config import FailoverConfig
from gateway.pipeline.branch import Outage
from tests.fakes import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_an_outage_has_an_end(clock: Clock) -> None:
    """At once, then more and more slowly, then no more."""
    outage = Outage(FailoverConfig(wait_s=5.0), clock)
    assert outage.pause_s(opened=True) == 0.0
    pauses = []
    while (pause := outage.pause_s(opened=False)) is not None:
        pauses.append(pause)
        clock.now += pause
    assert 4.0 < sum(pauses) <= 5.001
    assert pauses[0] < 0.2 < pauses[4]


def test_a_replica_that_opens_ends_the_outage(clock: Clock) -> None:
    """Two outages apart are two, each with its own time."""
    outage = Outage(FailoverConfig(wait_s=1.0), clock)
    for _ in range(5):
        assert outage.pause_s(opened=True) == 0.0
        outage.opened()
        outage.worked()
        clock.now += 100.0


def test_sound_that_kills_is_not_tried_for_ever(clock: Clock) -> None:
    """When replica after replica dies without a word, it is enough after some."""
    outage = Outage(FailoverConfig(most=2), clock)
    for _ in range(2):
        assert outage.pause_s(opened=True) == 0.0
        outage.opened()
    assert outage.pause_s(opened=True) is None


def test_who_was_given_up_is_tried_again_and_again(clock: Clock) -> None:
    """Soon at first, then every few seconds, for as long as a stream lasts."""
    outage = Outage(FailoverConfig(again_s=5.0), clock)
    pauses = [outage.again_in_s() or 0.0 for _ in range(5000)]
    assert pauses[0] <= 0.5
    assert all(2.5 <= pause <= 5.0 for pause in pauses[4:])


def test_sound_that_killed_is_not_tried_again_later(clock: Clock) -> None:
    """The next replica would die of it too; nor is anything tried where that is switched off."""
    outage = Outage(FailoverConfig(most=1), clock)
    for _ in range(2):
        outage.pause_s(opened=True)
    assert outage.again_in_s() is None
    assert Outage(FailoverConfig(again_s=0.0), clock).again_in_s() is None


def test_never_is_never(clock: Clock) -> None:
    """Switched off, a stage is lost at once."""
    assert Outage(FailoverConfig(wait_s=0.0), clock).pause_s(opened=True) is None
