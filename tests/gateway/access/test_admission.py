"""Who is let in."""

from contextlib import ExitStack
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from gateway.access.admission import Admission, kind_of
from gateway.config import Limits
from parley.errors import BadConfig, Draining, RateLimited, TooManyStreams
from parley.wire.keys import NOBODY, Key

ANN, BEN = Key("1", "ann", ""), Key("2", "ben", "")


def test_one_more_than_the_limit_is_refused_at_once() -> None:
    """A full gateway says so, and a place given back can be taken."""
    admission = Admission(Limits(streams=1))
    with admission.place(ANN, "live"), pytest.raises(TooManyStreams) as refused, admission.place(BEN, "live"):
        pass
    assert refused.value.retry_s
    with admission.place(BEN, "live"):
        assert admission.open == 1


def test_a_failing_call_gives_its_place_back() -> None:
    """Errors leak no places."""
    admission = Admission(Limits(streams=1))
    with pytest.raises(RuntimeError), admission.place(NOBODY, "live"):
        raise RuntimeError
    assert admission.open == 0


def test_a_gateway_that_goes_away_takes_nobody() -> None:
    """Draining is told apart from being full."""
    admission = Admission(Limits(streams=1))
    admission.draining = True
    with pytest.raises(Draining), admission.place(NOBODY, "live"):
        pass


def test_batch_leaves_places_to_the_living() -> None:
    """The last tenth is for live streams; what is shed is counted by class."""
    admission = Admission(Limits(streams=10, for_live=0.1))
    labels = {"reason": "STREAMS_FULL", "class": "batch"}
    before = REGISTRY.get_sample_value("parley_shed_total", labels) or 0
    with ExitStack() as stack:
        for _ in range(9):
            stack.enter_context(admission.place(NOBODY, "batch"))
        with pytest.raises(TooManyStreams, match="batch"), admission.place(NOBODY, "batch"):
            pass
        with admission.place(NOBODY, "live"):
            assert admission.open == 10
    assert REGISTRY.get_sample_value("parley_shed_total", labels) == before + 1


def test_a_key_has_its_own_limit() -> None:
    """One who takes too many leaves room for others; a key's own number goes before the general one."""
    admission = Admission(Limits(streams_per_key=1))
    with admission.place(ANN, "live"):
        with pytest.raises(TooManyStreams, match="ann"), admission.place(ANN, "live"):
            pass
        with admission.place(BEN, "live"):
            pass
        with admission.place(replace(ANN, streams=2), "live"):
            pass


async def test_calls_come_no_faster_than_the_rate() -> None:
    """The fourth call of three a minute is told when to come back; another key is not concerned."""
    admission = Admission(Limits(rate_per_key="3/minute"))
    for _ in range(3):
        await admission.rate(ANN)
    with pytest.raises(RateLimited) as refused:
        await admission.rate(ANN)
    assert 0 < (refused.value.retry_s or 0) <= 60
    await admission.rate(BEN)


@pytest.mark.parametrize("limits", [Limits(rate_per_key="often"), Limits(rate_per_key="1/second", rate_store="ram://")])
def test_a_rate_that_is_none_does_not_start(limits: Limits) -> None:
    """The config is told what would be right."""
    with pytest.raises(BadConfig, match="rate"):
        Admission(limits)


def test_a_key_decides_the_class_before_the_call() -> None:
    """A batch key cannot call itself live."""
    assert kind_of(ANN, {"parley-class": "batch"}) == "batch"
    assert kind_of(replace(ANN, kind="batch"), {"parley-class": "live"}) == "batch"
    assert kind_of(ANN, {"parley-class": "urgent"}) == "live"
