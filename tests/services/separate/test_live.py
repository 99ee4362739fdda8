"""A model that answers at once: tracks in step with the sound, each channel with a memory of its own."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import Format
from parley.engines.stateful.engine import Frames, Shape
from parley.v1.audio_pb2 import AudioChunk, AudioEncoding, AudioFormat
from services.separate.live import LiveSession
from tests.services.play import of, play
from tests.services.separate.test_session import CUTS, PATIENCE, sounds, tracks
from tests.sound import cut, noise, pcm

HOP, LATE = 8, 24


class LateHalf:
    """Half of what it heard LATE samples ago; what it heard since then is what it remembers."""

    def run(self, jobs: Sequence[Frames]) -> Sequence[Frames]:
        return [self._one(job) for job in jobs]

    def _one(self, job: Frames) -> Frames:
        whole = np.concatenate((job.memory, job.samples))
        return Frames(whole[: len(job.samples)] * np.float32(0.5), whole[-LATE:])


def session(form: AudioFormat, channels: int = 1, model_hz: int = 16_000) -> LiveSession:
    shape = Shape(hop=HOP, latency=LATE, memory=LATE, rate_hz=model_hz)
    return LiveSession(Format.of(form), shape, channels, tracks(form, channels=channels))


@given(st.integers(0, 6000), CUTS, PATIENCE, st.sampled_from([8000, 16_000, 22_050, 48_000]), st.integers(1, 3))
def test_tracks_are_as_long_as_the_sound_and_add_up_to_it(
    length: int, cuts: list[int], patience: list[int], rate_hz: int, channels: int
) -> None:
    form = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_F32LE, sample_rate_hz=rate_hz, channels=channels)
    kept = channels if channels < 3 else 1
    mix = noise(length * channels).reshape(-1, channels)
    pieces = cut(mix.astype("<f4").tobytes(), cuts, 4 * channels)
    found = sounds(play(session(form, kept), LateHalf(), pieces, patience), form, kept)
    expected = mix if kept == channels else mix.mean(1, keepdims=True)
    assert {len(track) for track in found.values()} <= {length}
    if length:
        assert sorted(found) == ["music", "voice"]
        assert np.abs(found["voice"] + found["music"] - expected).max() < 1e-6


@given(st.integers(1, 8000), CUTS, PATIENCE, st.integers(1, 2))
def test_the_voice_is_in_step_with_the_sound(length: int, cuts: list[int], patience: list[int], channels: int) -> None:
    """However late the model is, however the sound was cut, in every channel."""
    form = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_F32LE, channels=channels)
    mix = noise(length * channels).reshape(-1, channels)
    pieces = cut(mix.astype("<f4").tobytes(), cuts, 4 * channels)
    found = sounds(play(session(form, channels), LateHalf(), pieces, patience), form, channels)
    assert np.abs(found["voice"] - mix / 2).max() < 1e-6


def test_what_is_known_comes_at_once() -> None:
    """A hop after what the model is late, and not a segment later."""
    stream, engine = session(AudioFormat()), LateHalf()
    said = []
    for sound in np.split(noise(10 * HOP), 10):
        said += list(stream.feed(pcm(sound)))
        while (job := stream.next_job()) is not None:
            said += list(stream.absorb(*engine.run([job])))
    assert sum(len(chunk.data) for chunk in of(AudioChunk, said)) == 2 * (10 * HOP - LATE)
