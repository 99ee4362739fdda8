"""A copy of a stream, for comparison only."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from gateway.routing.shadow import COPIED_MOST, Beside, Compared, Shadow, divergence, text
from parley.errors import Unavailable
from parley.v1.asr_pb2 import AsrResponse
from parley.wire import protocol
from tests.gateway.fake_replicas import call, failing, replicas, upstream
from tests.waiting import never, until


def compare(text: str) -> AsrResponse:
    return AsrResponse(transcript={"text": text, "is_final": True})


def beside(told: list[Compared] | None = None) -> Beside:
    return Beside("asr/default", "v@0", "", (told if told is not None else []).append)


def counted(outcome: str, version: str) -> float:
    labels = {"stage": "asr", "shadow": version, "outcome": outcome}
    return REGISTRY.get_sample_value("parley_shadows_total", labels) or 0.0


async def ask(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def saying(replica: Any, context: Any) -> None:
    """Says one word at once, and one at the end."""
    await context.write(compare("alfa").SerializeToString())
    while await context.read() is not protocol.EOF:
        pass
    await context.write(compare("bravo").SerializeToString())


async def test_what_differs_is_measured(tmp_path: Path) -> None:
    """Half of the words are other ones: a divergence of a half, counted as compared."""
    told: list[Compared] = []
    async with replicas(tmp_path, "a") as (other,), upstream([other]) as here:
        other.script = saying
        shadow = Shadow(here, call(version="v@1"), AsrResponse.FromString, beside(told))
        requests = shadow.hears(lambda: ask([b"1", b"2"]))
        assert [each async for each in requests()] == [b"1", b"2"]
        for said in ("Alfa,", "charlie!"):
            shadow.compare(compare(said).SerializeToString())
        shadow.done()
        shadow.settle()
        await until(lambda: shadow.over)
    labels = {"stage": "asr", "shadow": "v@1"}
    assert counted("compared", "v@1") == 1
    assert told == [Compared("asr", "asr/default", "v@0", "v@1", "Alfa, charlie!", "alfa bravo", 0.5)]
    assert REGISTRY.get_sample_value("parley_shadow_divergence_sum", labels) == 0.5


async def test_a_broken_shadow_breaks_nothing(tmp_path: Path) -> None:
    """Its failure is counted, the requests go on."""
    async with replicas(tmp_path, "a") as (other,), upstream([other]) as here:
        other.script = failing(Unavailable("gone"))
        shadow = Shadow(here, call(version="v@2"), AsrResponse.FromString, beside())
        assert [each async for each in shadow.hears(lambda: ask([b"1"]))()] == [b"1"]
        await until(lambda: shadow.over)
        assert [each async for each in shadow.hears(lambda: ask([b"1", b"2"]))()] == [b"1", b"2"]
    assert counted("failed", "v@2") == 1


async def test_a_shadow_that_lags_is_dropped(tmp_path: Path) -> None:
    """A shadow that takes nothing costs a bounded memory and no waiting."""

    async def deaf(*_: object) -> None:
        await never()

    async with replicas(tmp_path, "a") as (other,), upstream([other]) as here:
        other.script = deaf
        shadow = Shadow(here, call(version="v@3"), AsrResponse.FromString, beside())
        pieces = [bytes(COPIED_MOST // 4)] * 8
        assert [each async for each in shadow.hears(lambda: ask(pieces))()] == pieces
        await until(lambda: shadow.over)
    assert counted("lagged", "v@3") == 1


async def test_a_stream_that_broke_off_is_not_compared(tmp_path: Path) -> None:
    """There is nothing to compare with."""
    async with replicas(tmp_path, "a") as (other,), upstream([other]) as here:
        shadow = Shadow(here, call(version="v@4"), AsrResponse.FromString, beside())
        [each async for each in shadow.hears(lambda: ask([b"1"]))()]
        shadow.settle()
        await until(lambda: shadow.over)
    assert counted("broken off", "v@4") == 1


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [("a b c d", "a b c d", 0.0), ("a b c d", "a x c d", 0.25), ("", "a b", 1.0), ("a b", "b", 0.5), ("", "", 0.0)],
)
def test_divergence_counts_words(one: str, other: str, share: float) -> None:
    """One word of four is a quarter; nothing against something is everything."""
    assert divergence(one.split(), other.split()) == share


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_divergence_is_a_share_and_the_same_both_ways(one: list[str], other: list[str]) -> None:
    """Between 0 and 1, and nothing only for the same words."""
    assert 0 <= divergence(one, other) == divergence(other, one) <= 1
    assert (divergence(one, other) == 0) == (one == other)


def test_interims_are_not_words() -> None:
    """Only what is final is compared."""
    guess = AsrResponse(transcript={"text": "maybe"})
    assert text([guess, compare("yes it is"), AsrResponse(opened={"model": "a@1"})]) == "yes it is"
