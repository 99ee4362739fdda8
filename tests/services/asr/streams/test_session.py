from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ, Samples, encode
from parley.errors import BadInput, BadModel, UnsupportedFormat
from parley.serving.session import Flush
from parley.v1 import asr_pb2 as v1
from parley.v1.audio_pb2 import AudioEncoding
from services.asr.model.engine import open_engine
from services.asr.stage import AsrServiceConfig, begin
from services.asr.streams.channels import ChannelsSession, OneChannel
from services.asr.utterance import PendingJob, Utterance
from tests.fakes import spec_of
from tests.services.play import of, play
from tests.sound import cut, noise, pcm, silence

SPEC = spec_of("asr", features="frames", short_context=True, detector="level")
ENGINE = open_engine(SPEC).model
SETTINGS = AsrServiceConfig(listen="", models=())
PARTS = st.lists(st.tuples(st.booleans(), st.integers(0, 20_000)), max_size=5)
CUTS = st.lists(st.integers(0, 60_000), max_size=8)
PATIENCE = st.lists(st.integers(0, 3), min_size=1, max_size=4)


def session(**config: Any) -> OneChannel | ChannelsSession:
    return begin(v1.AsrConfig(**config), SPEC, SETTINGS)


def sound_of(parts: Iterable[tuple[bool, int]]) -> Samples:
    return np.concatenate([silence(0), *(noise(n, seed=n) if loud else np.zeros(n, np.float32) for loud, n in parts)])


def finals(said: Iterable[Message]) -> list[v1.Transcript]:
    return [each for each in of(v1.Transcript, said) if each.is_final]


def seconds(piece: v1.Transcript) -> tuple[float, float]:
    span = piece.interval
    return span.start.ToTimedelta().total_seconds(), span.end.ToTimedelta().total_seconds()


@given(PARTS, CUTS, PATIENCE, st.booleans())
def test_finals_do_not_hear_the_chunks(
    parts: list[tuple[bool, int]], cuts: list[int], patience: list[int], interim: bool
) -> None:
    """Any chunking, any speed of the engine and any number of interims give the same finals."""
    data = pcm(sound_of(parts))
    whole = finals(play(session(word_times=True), ENGINE, [data]))
    pieces = play(session(word_times=True, interim_results=interim), ENGINE, cut(data, cuts, 2), patience)
    assert finals(pieces) == whole


@given(PARTS, st.sampled_from([8000, 44_100, 48_000]), CUTS)
def test_no_rate_is_different(parts: list[tuple[bool, int]], rate_hz: int, cuts: list[int]) -> None:
    """At a client's rate, too, any chunking gives the same finals."""
    data, form = pcm(sound_of(parts)), {"sample_rate_hz": rate_hz}
    assert finals(play(session(format=form), ENGINE, cut(data, cuts, 2))) == finals(
        play(session(format=form), ENGINE, [data])
    )


@given(PARTS, st.booleans())
def test_who_comes_later_hears_the_same(parts: list[tuple[bool, int]], flushed: bool) -> None:
    """Where a final ends a new session can begin: it says what the old one would have said, at the same samples."""
    sound, options = np.concatenate([sound_of(parts), noise(9000)]), {"word_times": True}
    data, flush = pcm(sound), [Flush()] * flushed
    whole = finals(play(session(**options), ENGINE, [data, *flush, data]))
    for n, final in enumerate(whole):
        at = 2 * round(seconds(final)[1] * RATE_HZ)
        rest = [data[at:], *flush, data] if at <= len(data) else [data[at - len(data) :]]
        again = finals(play(session(**options), ENGINE, rest))
        assert [each.text for each in again] == [each.text for each in whole[n + 1 :]]
        shifted = [[edge + at / 2 / RATE_HZ for edge in seconds(each)] for each in again]
        assert shifted == [pytest.approx(seconds(each)) for each in whole[n + 1 :]]


@given(PARTS, CUTS)
def test_finals_are_in_order_and_apart(parts: list[tuple[bool, int]], cuts: list[int]) -> None:
    """Finals follow each other, none overlaps the one before, and none reaches beyond the stream."""
    sound = sound_of(parts)
    spans = [seconds(each) for each in finals(play(session(), ENGINE, cut(pcm(sound), cuts, 2)))]
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(sound) / RATE_HZ + 1e-6 for edge in edges)


@pytest.mark.parametrize("items", [[], [b""], [Flush()], [Flush(), b"", Flush()]])
def test_an_empty_stream_says_nothing(items: list[Any]) -> None:
    """`finish` and `flush` on an empty stream are legal."""
    assert play(session(interim_results=True), ENGINE, items) == []


def test_silence_says_nothing() -> None:
    """Where nobody speaks there is no final."""
    assert play(session(), ENGINE, [pcm(silence(3))]) == []


def test_a_flush_ends_the_utterance() -> None:
    """After a flush comes a final, at once, and the rest is another."""
    half = pcm(noise(RATE_HZ))
    heard = session()
    said = list(heard.feed(half)) + list(heard.flush())
    job = heard.next_job()
    assert job is not None
    said += heard.absorb(ENGINE.run([job])[0])
    assert [seconds(each) for each in finals(said)] == [(0.0, 1.0)]
    assert len(finals(play(session(), ENGINE, [half, Flush(), half]))) == 2


def test_the_last_samples_are_not_lost() -> None:
    """A stream that ends in mid-word and in mid-block is recognised to its last sample."""
    (final,) = finals(play(session(), ENGINE, [pcm(noise(RATE_HZ + 319))]))
    assert seconds(final)[1] == pytest.approx((RATE_HZ + 319) / RATE_HZ)


def test_no_interim_unasked() -> None:
    """Who does not ask for interims gets none."""
    said = of(v1.Transcript, play(session(), ENGINE, cut(pcm(noise(5 * RATE_HZ)), range(0, 80_000, 1600), 2)))
    assert [each.is_final for each in said] == [True]


def test_a_late_interim_is_dropped() -> None:
    """An interim that comes back after its utterance has ended is not said."""
    heard = session(interim_results=True)
    list(heard.feed(pcm(noise(RATE_HZ))))
    interim = heard.next_job()
    assert interim is not None
    result = ENGINE.run([interim])[0]
    list(heard.flush())
    assert list(heard.absorb(result)) == []
    assert heard.next_job() is not None


def test_a_final_takes_the_turn_of_an_interim_that_waits() -> None:
    """An interim that the engine has not begun when its utterance ends is never made: the final comes in its place."""
    heard = session(interim_results=True)
    list(heard.feed(pcm(noise(RATE_HZ))))
    interim = heard.next_job()
    assert interim is not None
    list(heard.feed(pcm(noise(RATE_HZ))))
    list(heard.flush())
    (final,) = finals(heard.absorb(ENGINE.run([interim])[0]))
    assert seconds(final) == (0.0, 2.0)
    assert heard.next_job() is None


def paused() -> OneChannel | ChannelsSession:
    """A second was said, and it has been quiet for a quarter of one."""
    heard = session(interim_results=True)
    list(heard.feed(pcm(noise(RATE_HZ), silence(0.25))))
    return heard


def test_an_interim_in_a_pause_is_the_final_if_the_pause_lasts() -> None:
    """The engine is not asked again for what it has heard: the final comes with the end of speech."""
    heard = paused()
    interim = heard.next_job()
    assert interim is not None
    (said,) = of(v1.Transcript, heard.absorb(ENGINE.run([interim])[0]))
    assert not said.is_final
    assert heard.next_job() is None
    (final,) = finals(heard.feed(pcm(silence(0.5))))
    assert (final.text, seconds(final)) == (said.text, (0.0, 1.2))
    assert heard.next_job() is None


def test_a_pause_that_lasts_makes_a_final_of_what_the_engine_works_at() -> None:
    """The same while the engine is still busy with it."""
    heard = paused()
    interim = heard.next_job()
    assert interim is not None
    result = ENGINE.run([interim])[0]
    assert not finals(heard.feed(pcm(silence(0.5))))
    assert [seconds(final) for final in finals(heard.absorb(result))] == [(0.0, 1.2)]
    assert heard.next_job() is None


def test_who_goes_on_after_a_pause_is_heard_anew() -> None:
    """A pause that does not last ends nothing."""
    heard = paused()
    interim = heard.next_job()
    assert interim is not None
    said = list(heard.absorb(ENGINE.run([interim])[0]))
    said += play(heard, ENGINE, [pcm(noise(RATE_HZ))])
    assert [seconds(final) for final in finals(said)] == [(0.0, 2.25)]


def test_an_interim_that_waits_is_brought_up_to_date() -> None:
    """What was said, and that there is a pause, is in an interim that the engine begins late; it presses then."""
    heard = session(interim_results=True)
    list(heard.feed(pcm(noise(RATE_HZ))))
    interim = heard.next_job()
    assert interim is not None
    could_wait = interim.is_interim
    list(heard.feed(pcm(noise(RATE_HZ), silence(0.25))))
    assert (could_wait, interim.is_interim) == (True, False)
    assert [len(utterance.samples) for utterance in interim.take()] == [round(2.2 * RATE_HZ)]


def test_words_lie_inside_their_final() -> None:
    """Word times are times of the stream, in order, within the final; they come only when asked for."""
    data = pcm(silence(1.3), noise(2 * RATE_HZ))
    (final,) = finals(play(session(word_times=True), ENGINE, [data]))
    edges = [e.ToTimedelta().total_seconds() for w in final.words for e in (w.interval.start, w.interval.end)]
    start, end = seconds(final)
    assert edges == sorted(edges)
    assert start <= edges[0] < edges[-1] <= end
    assert final.text == " ".join(word.text for word in final.words)
    assert not finals(play(session(), ENGINE, [data]))[0].words


def test_who_asks_for_nonsense_is_told() -> None:
    """A foreign language, an impossible patience and a wild format are refused with what is possible."""
    german = replace(SPEC, languages=("de",))
    assert begin(v1.AsrConfig(language="de-AT"), german, SETTINGS)
    with pytest.raises(BadInput, match="it knows de"):
        begin(v1.AsrConfig(language="fr"), german, SETTINGS)
    with pytest.raises(BadInput, match=r"at most 25\.0 s"):
        session(endpointing={"stop_silence": {"seconds": 26}})
    with pytest.raises(BadInput, match="more than 0"):
        session(endpointing={"max_utterance": {"seconds": -1}})
    with pytest.raises(UnsupportedFormat):
        session(format={"sample_rate_hz": 96_000})


def test_a_client_chooses_its_patience() -> None:
    """A shorter silence cuts where the default would not."""
    data = pcm(noise(RATE_HZ), silence(0.3), noise(RATE_HZ))
    assert len(finals(play(session(), ENGINE, [data]))) == 1
    impatient = session(endpointing={"stop_silence": {"nanos": 200_000_000}})
    assert len(finals(play(impatient, ENGINE, [data]))) == 2


def test_a_batch_gives_what_each_alone_gives() -> None:
    """Utterances of unlike length share a batch without hearing each other."""
    jobs = [
        PendingJob([Utterance(noise(length, seed=length), times=True)]) for length in (8000, 20_000, 8000, 100, 16_000)
    ]
    assert list(ENGINE.run(jobs)) == [ENGINE.run([job])[0] for job in jobs]


def test_unknown_features_are_refused() -> None:
    """A model whose features nobody can make is a bad model."""
    with pytest.raises(BadModel, match="write one of frames, log-mel"):
        open_engine(spec_of("asr", features="mel"))


class Loud:
    """Says how much it was given."""

    def run(self, jobs: Sequence[PendingJob]) -> Sequence[Any]:
        self.lengths = [len(utterance.samples) for job in jobs for utterance in job.take()]
        return ENGINE.run(jobs)


def test_an_hour_does_not_pile_up() -> None:
    """Speech without a pause is cut, so that no job is longer than an utterance may be, and nothing is left out."""
    settings, engine = replace(SETTINGS, endpoint=replace(SETTINGS.endpoint, longest_s=2.0)), Loud()
    heard = begin(v1.AsrConfig(), SPEC, settings)
    longest, said = 0, list[Message]()
    for n in range(100):
        list(heard.feed(encode(noise(1600, seed=n), AudioEncoding.AUDIO_ENCODING_PCM_S16LE)))
        while (job := heard.next_job()) is not None:
            said += heard.absorb(engine.run([job])[0])
            longest = max(longest, *engine.lengths)
    assert 0 < longest <= 2.5 * RATE_HZ
    spans = [seconds(each) for each in finals(said)]
    assert spans[0][0] == 0
    assert all(before[1] == after[0] for before, after in pairwise(spans))
