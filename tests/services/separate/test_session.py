"""Tracks of a stream: as long as what came in, in step with it, and together what it was."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import Format, Samples, decode_channels
from parley.errors import FieldInvalid
from parley.serving.session import Flush
from parley.serving.stage import ServiceConfig
from parley.v1 import separate_pb2 as v1
from parley.v1.audio_pb2 import AudioChunk, AudioEncoding, AudioFormat, Track
from services.separate.options import SeparateOptions
from services.separate.quality import Judge
from services.separate.session import SeparateSession, over
from services.separate.stage import STAGE, begin
from services.separate.tracks import Tracks, Wanted
from tests.fakes import spec_of
from tests.services.play import of, play
from tests.sound import cut, noise, pcm

CUTS = st.lists(st.integers(0, 20_000), max_size=8)
PATIENCE = st.lists(st.integers(0, 3), min_size=1, max_size=4)
OPTIONS: dict[str, Any] = {"segment": 1024, "overlap": 256, "hop": 64, "window": 256, "bins": 129, "channels": 2}
SPEC = spec_of("separate", **OPTIONS)


class Half:
    """A model that finds half of everything to be the voice, and remembers how much it was given at a time."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def run(self, jobs: Sequence[Samples]) -> Sequence[Samples]:
        self.lengths += [len(job) for job in jobs]
        return [job * np.float32(0.5) for job in jobs]


def session(
    form: AudioFormat, *, track: str = "voice", others: bool = True, channels: int = 1, model_hz: int = 16_000
) -> SeparateSession:
    declared = SeparateOptions(**OPTIONS)
    return SeparateSession(Format.of(form), declared, model_hz, channels, tracks(form, track, others, channels))


def tracks(form: AudioFormat, track: str = "voice", others: bool = True, channels: int = 1) -> Tracks:
    """What goes out of a stream."""
    names, whole = ("voice", "music"), Format.of(form)
    return Tracks(whole, names, Wanted(track, others, channels), Judge(whole, 1, names, frozenset()))


def sounds(said: Sequence[Any], form: AudioFormat, channels: int) -> dict[str, Samples]:
    """Each track, after checking that every piece lies where the one before ended."""
    chunks = [*of(AudioChunk, said), *(track.audio for track in of(Track, said))]
    found: dict[str, Samples] = {}
    for chunk in chunks:
        piece = decode_channels(chunk.data, Format.of(AudioFormat(encoding=form.encoding, channels=channels)))
        before = found.get(chunk.track, np.zeros((0, channels), np.float32))
        assert chunk.offset_samples == len(before)
        assert len(piece)
        found[chunk.track] = np.concatenate((before, piece))
    return found


@given(st.integers(0, 6000), CUTS, PATIENCE, st.sampled_from([8000, 16_000, 22_050, 48_000]), st.integers(1, 3))
def test_tracks_are_as_long_as_the_sound_and_add_up_to_it(
    length: int, cuts: list[int], patience: list[int], rate_hz: int, channels: int
) -> None:
    form = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_F32LE, sample_rate_hz=rate_hz, channels=channels)
    kept = min(channels, 2) if channels < 3 else 1
    mix = noise(length * channels).reshape(-1, channels)
    pieces = cut(mix.astype("<f4").tobytes(), cuts, 4 * channels)
    found = sounds(play(session(form, channels=kept), Half(), pieces, patience), form, kept)
    expected = mix if kept == channels else mix.mean(1, keepdims=True)
    assert {len(track) for track in found.values()} <= {length}
    if length:
        assert sorted(found) == ["music", "voice"]
        assert np.abs(found["voice"] + found["music"] - expected).max() < 1e-6


@given(st.integers(1, 8000), CUTS, PATIENCE)
def test_segments_go_over_into_one_another_without_a_seam(length: int, cuts: list[int], patience: list[int]) -> None:
    """What is the same share of each segment is the same share of the whole, however the sound was cut."""
    mix, form = noise(length), AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_F32LE)
    engine = Half()
    said = play(session(form), engine, cut(mix.astype("<f4").tobytes(), cuts, 4), patience)
    assert np.abs(sounds(said, form, 1)["voice"][:, 0] - mix / 2).max() < 1e-6
    assert max(engine.lengths) <= OPTIONS["segment"]
    assert sum(engine.lengths) <= length + OPTIONS["overlap"] * len(engine.lengths)


def test_two_channels_stay_apart() -> None:
    left, right = noise(5000, seed=1), noise(5000, seed=2)
    form = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_F32LE, channels=2)
    mix = np.stack((left, right), 1)
    voice = sounds(play(session(form, channels=2), Half(), [mix.tobytes()]), form, 2)["voice"]
    assert np.abs(voice - mix / 2).max() < 1e-6


def test_the_other_track_may_be_the_one_that_goes_on() -> None:
    form = AudioFormat()
    said = play(session(form, track="music", others=False), Half(), [pcm(noise(3000))])
    assert list(sounds(said, form, 1)) == ["music"]


def test_a_segment_is_answered_as_soon_as_it_is_whole() -> None:
    """But for its end, which goes over into the next."""
    stream, engine = session(AudioFormat(), others=False), Half()
    list(stream.feed(pcm(noise(1023))))
    assert stream.next_job() is None
    list(stream.feed(pcm(noise(1))))
    job = stream.next_job()
    assert job is not None
    (chunk,) = of(AudioChunk, list(stream.absorb(*engine.run([job]))))
    assert len(chunk.data) == 2 * (1024 - 256)


def test_a_flush_hastens_nothing() -> None:
    form = AudioFormat()
    plain = play(session(form), Half(), [pcm(noise(3000))])
    assert play(session(form), Half(), [pcm(noise(3000)), Flush()]) == plain


def test_where_segments_meet_the_sound_stays() -> None:
    joined = over(np.ones((4, 1), np.float32), np.zeros((10, 1), np.float32))
    assert joined.shape == (10, 1)
    assert (np.diff(joined[:, 0]) <= 0).all()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (v1.SeparateConfig(track="voise"), "did you mean `voice`"),
        (v1.SeparateConfig(track="drums"), "it gives voice, music"),
        (v1.SeparateConfig(format=AudioFormat(channels=3), keep_channels=True), "3 channels are not kept"),
    ],
)
def test_what_cannot_be_had_is_refused(config: v1.SeparateConfig, reason: str) -> None:
    with pytest.raises(FieldInvalid, match=reason):
        begin(config, SPEC, ServiceConfig(listen="", models=()))


def test_the_answer_says_how_many_channels_come_back() -> None:
    two = AudioFormat(channels=2)
    assert STAGE.opened(v1.SeparateConfig(format=two), SPEC).format.channels == 1
    assert STAGE.opened(v1.SeparateConfig(format=two, keep_channels=True), SPEC).format.channels == 2
