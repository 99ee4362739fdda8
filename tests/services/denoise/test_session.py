from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import Format, PcmDecoder, Samples, decode
from parley.engines.stateful.engine import Frames, Shape
from parley.errors import BadInput, BadModel
from parley.serving.session import Flush
from parley.serving.stage import ServiceConfig
from parley.v1 import denoise_pb2 as v1
from parley.v1.audio_pb2 import AudioChunk, AudioFormat
from services.denoise.engine import open_engine
from services.denoise.session import DenoiseSession
from services.denoise.stage import begin
from tests.fakes import spec_of
from tests.services.play import of, play
from tests.sound import cut, noise, pcm, tone

SPEC = spec_of("denoise", hop=256, latency_samples=0, outputs={"audio": 0})
ECHO = open_engine(SPEC).model
RATES = st.sampled_from([8000, 11_025, 16_000, 22_050, 44_100, 48_000])
CUTS = st.lists(st.integers(0, 20_000), max_size=8)
PATIENCE = st.lists(st.integers(0, 3), min_size=1, max_size=4)


class Late:
    """A model that gives everything back, so many samples late: what it holds is its state."""

    def run(self, jobs: Sequence[Frames]) -> Sequence[Frames]:
        return [self._one(job) for job in jobs]

    def _one(self, job: Frames) -> Frames:
        held = np.concatenate((job.memory, job.samples))
        return Frames(held[: len(job.samples)], held[len(job.samples) :])


def late(latency: int, hop: int, keep: float = 0.0, rate_hz: int = 16_000, model_hz: int = 16_000) -> DenoiseSession:
    decoder = PcmDecoder(Format.of(AudioFormat(sample_rate_hz=rate_hz)), model_hz)
    return DenoiseSession(decoder, Shape(hop, latency, latency, model_hz), keep)


def heard(said: Sequence[Any]) -> bytes:
    """The sound of all chunks, after checking that each lies where the one before ended."""
    data = b""
    for chunk in of(AudioChunk, said):
        assert chunk.offset_samples * 2 == len(data)
        assert chunk.data
        data += chunk.data
    return data


@given(st.integers(0, 700), st.integers(1, 400), st.integers(0, 6000), CUTS, PATIENCE)
def test_a_late_model_comes_out_in_step(
    latency: int, hop: int, length: int, cuts: list[int], patience: list[int]
) -> None:
    """However late the model, however large its hops, whatever the chunking: the same sound in the same place."""
    data = pcm(noise(length))
    assert heard(play(late(latency, hop), Late(), cut(data, cuts, 2), patience)) == data


@given(st.integers(0, 500), st.floats(0.1, 0.9, allow_subnormal=False), st.integers(0, 4000), CUTS)
def test_what_is_kept_of_the_original_is_in_step(latency: int, keep: float, length: int, cuts: list[int]) -> None:
    """With an attenuation limit the original is mixed in where it belongs, not where the model is."""
    data = pcm(noise(length))
    mixed = np.frombuffer(heard(play(late(latency, 160, keep), Late(), cut(data, cuts, 2))), "<i2")
    assert np.abs(mixed.astype(int) - np.frombuffer(data, "<i2")).max(initial=0) <= 1


@given(RATES, st.integers(0, 6000), st.integers(0, 300), CUTS, PATIENCE)
def test_as_many_samples_come_back(
    rate_hz: int, length: int, latency: int, cuts: list[int], patience: list[int]
) -> None:
    """At any rate exactly as many samples come out as went in, the same ones whatever the chunking."""
    data = pcm(noise(length))
    whole = heard(play(late(latency, 256, rate_hz=rate_hz), Late(), [data]))
    pieces = heard(play(late(latency, 256, rate_hz=rate_hz), Late(), cut(data, cuts, 2), patience))
    assert len(whole) == len(data)
    assert whole == pieces


@pytest.mark.parametrize("items", [[], [b""], [Flush()], [Flush(), b"", Flush()]])
@pytest.mark.parametrize("bypass", [False, True])
def test_an_empty_stream_says_nothing(items: list[Any], bypass: bool) -> None:
    """`finish` and `flush` on an empty stream are legal."""
    opened = begin(v1.DenoiseConfig(bypass=bypass), SPEC, ServiceConfig(listen="", models=()))
    assert play(opened, ECHO, items) == []


@given(st.sampled_from([16_000, 44_100, 48_000]), RATES, st.integers(0, 4000), CUTS)
def test_a_model_of_any_rate_gives_as_much_as_it_was_given(
    model_hz: int, rate_hz: int, length: int, cuts: list[int]
) -> None:
    """Whatever rate the model takes, a client gets as many samples as it sent, the same whatever the chunking."""
    data = pcm(noise(length))
    whole = heard(play(late(96, 480, rate_hz=rate_hz, model_hz=model_hz), Late(), [data]))
    pieces = heard(play(late(96, 480, rate_hz=rate_hz, model_hz=model_hz), Late(), cut(data, cuts, 2)))
    assert len(whole) == len(data)
    assert whole == pieces


@pytest.mark.parametrize(("model_hz", "kept"), [(16_000, False), (48_000, True)])
def test_a_wide_band_is_kept_by_a_model_of_a_wide_band(model_hz: int, kept: bool) -> None:
    """12 kHz sent at 48 kHz comes back through a model of 48 kHz, and not through one of 16 kHz."""
    sound = tone(12_000, 0.5, 0.5, rate_hz=48_000)
    session = begin(
        v1.DenoiseConfig(format=AudioFormat(sample_rate_hz=48_000)),
        replace(SPEC, sample_rate_hz=model_hz),
        ServiceConfig(listen="", models=()),
    )
    out = decode(heard(play(session, ECHO, [pcm(sound)])), Format.of(AudioFormat()))
    assert (float(np.square(out).mean()) > 0.9 * float(np.square(sound).mean())) is kept


@pytest.mark.parametrize("rate_hz", [0, 7_999, 48_001])
def test_a_rate_that_no_client_can_send_is_refused(rate_hz: int) -> None:
    """A model that says so is refused before it is opened."""
    with pytest.raises(BadModel, match="models of denoise take 8000 to 48000"):
        open_engine(replace(SPEC, sample_rate_hz=rate_hz))


def test_a_flush_loses_nothing() -> None:
    """A flush in the middle neither drops nor repeats a sample."""
    data = pcm(noise(3000))
    assert heard(play(late(100, 256), Late(), [data[:2002], Flush(), data[2002:], Flush()])) == data


@given(st.sampled_from([8000, 48_000]), CUTS)
def test_bypass_gives_back_what_came(rate_hz: int, cuts: list[int]) -> None:
    """With bypass not a bit changes, at any rate."""
    config = v1.DenoiseConfig(bypass=True, format=AudioFormat(sample_rate_hz=rate_hz))
    data = pcm(noise(5000))
    assert heard(play(begin(config, SPEC, ServiceConfig(listen="", models=())), ECHO, cut(data, cuts, 2))) == data


def test_a_state_belongs_to_its_stream() -> None:
    """Two streams that share every batch do not hear each other."""
    ours, theirs = late(50, 100), late(50, 100)
    first, second = pcm(noise(1000)), pcm(noise(1000, seed=1))
    said: tuple[list[Any], list[Any]] = ([], [])
    for session, data in ((ours, first), (theirs, second)):
        list(session.feed(data))
        list(session.finish())
    jobs = [ours.next_job(), theirs.next_job()]
    while any(jobs):
        both = Late().run([job for job in jobs if job])
        for session, result, into in zip((ours, theirs), both, said, strict=True):
            into.extend(session.absorb(result))
        jobs = [ours.next_job(), theirs.next_job()]
    assert (heard(said[0]), heard(said[1])) == (first, second)


@pytest.mark.parametrize("limit", [-1.0, 201.0, float("nan"), float("inf")])
def test_an_impossible_limit_is_refused(limit: float) -> None:
    """Decibels that mean nothing are told so."""
    with pytest.raises(BadInput, match="0 \\(no limit\\) to 200"):
        begin(v1.DenoiseConfig(attenuation_limit_db=limit), SPEC, ServiceConfig(listen="", models=()))


def test_every_channel_is_heard() -> None:
    """Stereo goes in, its mono mix comes out, as many frames."""
    form = Format.of(AudioFormat(channels=2))
    stereo: Samples = np.stack([noise(1000), noise(1000, seed=1)], 1).reshape(-1)
    session = DenoiseSession(PcmDecoder(form), Shape(256, 0, 0), 0.0)
    out = heard(play(session, ECHO, [pcm(stereo)]))
    assert np.allclose(decode(out, Format.of(AudioFormat())), decode(pcm(stereo), form), atol=1e-4)
