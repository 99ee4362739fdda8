"""Who is let in."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from gateway.access.admission import Admission, kind_of
from gateway.config import Limits
from parley.errors import BadConfig, Draining, RateLimited, TooManyStages, TooManyStreams
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


def test_places_are_streams_to_engines() -> None:
    """A call that turns out to need three has three; one that cannot have them keeps what it had."""
    admission = Admission(Limits(streams=4))
    with admission.place(NOBODY, "live") as big, admission.place(NOBODY, "live") as small:
        big.hold(3)
        assert admission.open == 4
        with pytest.raises(TooManyStreams, match="4 streams are open"):
            small.hold(2)
        assert admission.open == 4
        big.hold(1)
        small.hold(3)
    assert admission.open == 0


@pytest.mark.parametrize(("key", "most"), [(NOBODY, 3), (replace(ANN, streams=2), 2)])
def test_one_call_has_no_more_than_a_call_may(key: Key, most: int) -> None:
    """What would never fit is the caller's fault, and no reason to come back later."""
    admission = Admission(Limits(streams_per_call=3))
    with admission.place(key, "live") as places:
        places.hold(most)
        with pytest.raises(TooManyStages, match=f"{most} is the most"):
            places.hold(most + 1)


def test_a_key_has_a_limit_without_being_told() -> None:
    """One key cannot take every place; without keys nobody can be told apart, and all of them are anybody's."""
    limits = Limits()
    admission = Admission(limits)
    with ExitStack() as stack:
        for _ in range(limits.streams_per_key):
            stack.enter_context(admission.place(ANN, "live"))
        with pytest.raises(TooManyStreams, match="ann"), admission.place(ANN, "live"):
            pass
        for _ in range(limits.streams - limits.streams_per_key):
            stack.enter_context(admission.place(NOBODY, "live"))
        assert admission.open == limits.streams


def test_a_pipeline_gives_a_conversation_its_one_place_back() -> None:
    """Whatever it took, and however it ended."""
    admission = Admission(Limits(streams=4))

    def pipeline() -> None:
        with places.lent() as held:
            held.hold(3)
            raise RuntimeError

    with admission.conversation(NOBODY, "live") as places:
        with pytest.raises(RuntimeError):
            pipeline()
        assert admission.open == 1


async def test_a_drain_does_not_wait_for_conversations_in_which_nobody_speaks() -> None:
    """It waits for the pipeline that runs, lets none begin, and counts each place once."""
    admission = Admission(Limits(streams=4))
    with admission.conversation(NOBODY, "live") as quiet, admission.conversation(NOBODY, "live") as busy:
        with busy.lent():
            admission.draining = True
            with pytest.raises(Draining), quiet.lent():
                pass
            waiting = asyncio.create_task(admission.empty(within_s=60.0))
            await asyncio.sleep(0)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 30.0)
        assert admission.open == 2
    assert admission.open == 0


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
