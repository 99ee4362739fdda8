from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ, Samples
from parley.errors import BadInput
from parley.serving.session import Ahead, Flush
from parley.v1 import asr_pb2 as v1
from services.asr.model.engine import open_engine
from services.asr.speech.windows import WindowConfig
from services.asr.stage import AsrServiceConfig, begin
from services.asr.streams.channels import ChannelsSession, OneChannel
from tests.fakes import spec_of
from tests.services.play import of, play
from tests.sound import cut, noise, pcm, silence

SPEC = spec_of("asr", features="frames", short_context=True, detector="level")
ENGINE = open_engine(SPEC).model
SETTINGS = AsrServiceConfig(listen="", models=(), windows=WindowConfig(longest_s=4.0, gap_s=1.5))
PARTS = st.lists(st.tuples(st.booleans(), st.integers(0, 40_000)), max_size=6)
CUTS = st.lists(st.integers(0, 90_000), max_size=8)
PATIENCE = st.lists(st.integers(0, 3), min_size=1, max_size=4)


def session(**config: Any) -> OneChannel | ChannelsSession:
    return begin(v1.AsrConfig(recording=True, **config), SPEC, SETTINGS)


def sound_of(parts: list[tuple[bool, int]]) -> Samples:
    return np.concatenate([silence(0), *(noise(n, seed=n) if loud else silence(n / RATE_HZ) for loud, n in parts)])


def finals(items: list[Any], patience: list[int] | None = None, **config: Any) -> list[v1.Transcript]:
    return of(v1.Transcript, play(session(**config), ENGINE, items, patience or [1000]))


def span(piece: v1.Transcript | v1.Word) -> tuple[float, float]:
    return tuple(edge.ToTimedelta().total_seconds() for edge in (piece.interval.start, piece.interval.end))  # type: ignore[return-value]


def text(said: list[v1.Transcript]) -> str:
    return " ".join(each.text for each in said)


@given(PARTS, CUTS, PATIENCE)
def test_finals_do_not_hear_the_chunks(parts: list[tuple[bool, int]], cuts: list[int], patience: list[int]) -> None:
    """Any chunking and any speed of the engine give the same finals, the same words and the same times."""
    data = pcm(sound_of(parts))
    whole = finals([data], word_times=True)
    assert finals(cut(data, cuts, 2), patience, word_times=True) == whole
    assert text(finals([data])) == text(whole)


@given(PARTS)
def test_finals_are_in_order_and_apart(parts: list[tuple[bool, int]]) -> None:
    """All are final, none begins before the one before has ended, and their words are inside them."""
    said = finals([pcm(sound_of(parts))], word_times=True)
    edges = [edge for each in said for edge in span(each)]
    assert edges == sorted(edges)
    assert all(each.is_final for each in said)
    assert all(span(each)[0] <= edge <= span(each)[1] for each in said for word in each.words for edge in span(word))


@given(PARTS, st.booleans())
def test_who_comes_later_hears_the_same(parts: list[tuple[bool, int]], timed: bool) -> None:
    """Where a window ends another replica can begin: it says what the first would have said."""
    data = pcm(np.concatenate([sound_of(parts), noise(RATE_HZ)]))
    whole = finals([data], word_times=timed)
    for n, final in enumerate(whole):
        if not final.goes_on:
            at = 2 * round(span(final)[1] * RATE_HZ)
            again = finals([data[at:]], word_times=timed)
            assert [each.text for each in again] == [each.text for each in whole[n + 1 :]]
            shifted = [span(each)[0] + at / 2 / RATE_HZ for each in again]
            assert shifted == [pytest.approx(span(each)[0]) for each in whole[n + 1 :]]


@pytest.mark.parametrize("items", [[], [b""], [Flush()], [Flush(), b"", Flush()], [pcm(silence(30))]])
def test_nothing_said_is_nothing_told(items: list[Any]) -> None:
    """`finish` and `flush` on an empty stream are legal, and silence has no words."""
    assert play(session(word_times=True), ENGINE, items) == []


def test_a_monologue_is_heard_whole() -> None:
    """Forty seconds without a pause are cut, and not a word is lost at the cuts."""
    said = finals([pcm(noise(40 * RATE_HZ))])
    assert len(said) >= 10
    spans = [span(each) for each in said]
    assert [before[1] for before in spans[:-1]] == [after[0] for after in spans[1:]]
    assert (spans[0][0], spans[-1][1]) == (0.0, 40.0)


def test_the_tail_is_not_lost() -> None:
    """A recording that ends in mid-word and in mid-block is heard to its last sample."""
    (final,) = finals([pcm(noise(RATE_HZ + 319))])
    assert span(final)[1] == pytest.approx((RATE_HZ + 319) / RATE_HZ)


def test_a_flush_ends_the_window() -> None:
    """What lies before it is told without waiting for more."""
    half = pcm(noise(RATE_HZ))
    assert len(finals([half, half])) == 1
    assert len(finals([half, Flush(), half])) == 2


def test_segments_belong_to_their_window() -> None:
    """With times a window is told in sentences; all but the last of each say that the window goes on."""
    data = pcm(np.concatenate([noise(RATE_HZ), silence(1.2), noise(RATE_HZ), silence(3), noise(RATE_HZ)]))
    assert [each.goes_on for each in finals([data])] == [False, False]
    timed = finals([data], word_times=True)
    assert [each.goes_on for each in timed] == [True, False, False]
    assert [span(each)[0] for each in timed] == pytest.approx([0.0, 2.2, 6.2], abs=0.05)


def test_tokens_are_told_where_asked_for() -> None:
    """They spell the text, and none is likelier than sure."""
    data = pcm(noise(3 * RATE_HZ))
    (plain,), (told,) = finals([data]), finals([data], tokens=True)
    assert not plain.tokens
    assert not told.words
    assert b"".join(token.text for token in told.tokens).decode().strip() == told.text == plain.text
    assert all(token.log_probability <= 0 for token in told.tokens)


@pytest.mark.parametrize("wish", [{"interim_results": True}, {"endpointing": v1.Endpointing(disabled=True)}])
def test_a_recording_has_no_guesses_and_no_endpoints(wish: dict[str, Any]) -> None:
    """Who asks for them means something live, and is told."""
    with pytest.raises(BadInput, match="recording"):
        session(**wish)


def test_channels_are_heard_apart() -> None:
    """Each channel has windows of its own."""
    left, right = noise(2 * RATE_HZ), np.concatenate([silence(1), noise(RATE_HZ, seed=1)])
    data = pcm(np.stack([left, right], 1).reshape(-1))
    said: list[Message] = play(session(format={"channels": 2}, per_channel=True), ENGINE, [data])
    assert {each.track: span(each) for each in of(v1.Transcript, said)} == {"1": (0.0, 2.0), "2": (1.0, 2.0)}


def test_more_windows_are_out_where_they_are_small() -> None:
    """What is with the engine can be sent again by a gateway that keeps 24 MiB, whatever the format."""
    long = AsrServiceConfig(listen="", models=(), windows=WindowConfig(longest_s=29.0))
    ahead = {}
    for rate_hz in (8000, 16_000, 48_000):
        heard = begin(v1.AsrConfig(recording=True, format={"sample_rate_hz": rate_hz}), SPEC, long)
        assert isinstance(heard, Ahead)
        ahead[rate_hz] = heard.ahead
        assert heard.ahead * 29 * 2 * rate_hz <= 12 << 20
    assert ahead == {8000: 8, 16_000: 8, 48_000: 3}
