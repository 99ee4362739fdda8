"""The enhancer that ships, through the service."""

from dataclasses import replace

import numpy as np
import pytest

from parley.audio.media import read
from parley.audio.pcm import RATE_HZ, Samples
from parley.engines import backends
from parley.engines.model import ModelRef, locate
from parley.engines.protocols import Array, Engine
from parley.serving.stage import ServiceConfig
from parley.v1 import denoise_pb2 as v1
from parley.v1.audio_pb2 import AudioChunk, AudioEncoding, AudioFormat
from services.denoise.adapters import adapter_of
from services.denoise.engine import Frames, open_engine
from services.denoise.stage import begin
from tests.contract.source import ROOT
from tests.services.play import of, play
from tests.sound import noise

SPEC = locate([ROOT / "models/embedded"], "denoise", ModelRef("denoise-nano", "1"))
SHAPE = adapter_of(SPEC).shape
ENGINE = open_engine(SPEC).model
FLOATS = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_F32LE)
RECORDING = read((ROOT / "examples/one-speaker.flac").read_bytes(), 60, RATE_HZ)
VOICE: Samples = np.frombuffer(RECORDING.data, "<i2").astype(np.float32) / np.float32(32768)


def noisy(snr_db: float) -> Samples:
    """The voice in white noise."""
    hiss = noise(len(VOICE))
    return VOICE + hiss * np.float32(np.sqrt((VOICE**2).mean() / (hiss**2).mean()) * 10 ** (-snr_db / 20))


def si_sdr(sound: Samples, clean: Samples) -> float:
    """Decibels by which what is the voice outweighs what is not."""
    voice = (sound @ clean) / (clean @ clean) * clean
    return float(10 * np.log10((voice @ voice) / ((sound - voice) @ (sound - voice))))


def served(
    sound: Samples, engine: Engine[Frames, Frames] = ENGINE, limit_db: float = 0
) -> tuple[Samples, list[v1.Quality]]:
    """What a client gets who sends 20 ms at a time."""
    session = begin(
        v1.DenoiseConfig(format=FLOATS, attenuation_limit_db=limit_db), SPEC, ServiceConfig(listen="", models=())
    )
    said = play(session, engine, [sound[at : at + 320].tobytes() for at in range(0, len(sound), 320)])
    data = b"".join(chunk.data for chunk in of(AudioChunk, said))
    return np.frombuffer(data, "<f4"), of(v1.Quality, said)


def bare(sound: Samples) -> Samples:
    """The graph alone, fed hop by hop: one hop more than there is, and the first one out dropped."""
    graph, states = backends.tensors(SPEC).model, SPEC.options["states"]
    kept: dict[str, Array] = {state["name"]: np.zeros((1, *state["shape"]), np.float32) for state in states}
    padded = np.pad(sound, (0, -len(sound) % SHAPE.hop + SHAPE.latency))
    parts = []
    for hop in padded.reshape(-1, 1, SHAPE.hop):
        out = graph.run({SPEC.options["input"]: hop, **kept})
        kept = {state["name"]: out[state["next"]] for state in states}
        parts.append(out[SPEC.options["output"]][0])
    return np.concatenate(parts)[SHAPE.latency :][: len(sound)]


def test_the_service_gives_what_the_graph_gives() -> None:
    """Chunks, batches and states add nothing and lose nothing: the same samples as a bare loop over the graph."""
    sound = noisy(5)
    assert np.abs(served(sound)[0] - bare(sound).clip(-1, 1)).max() < 1e-5


@pytest.mark.parametrize(("snr_db", "gain_db"), [(0, 5), (5, 4), (15, 1)])
def test_it_cleans(snr_db: float, gain_db: float) -> None:
    """A voice in white noise comes out clearer by so many decibels at the least, and the verdict says so."""
    sound = noisy(snr_db)
    out, quality = served(sound)
    assert si_sdr(out, VOICE) > si_sdr(sound, VOICE) + gain_db
    assert quality[-1].output_snr_db > quality[-1].input_snr_db + 2
    assert quality[-1].input_snr_db == pytest.approx(snr_db, abs=4)


def test_a_limit_leaves_noise() -> None:
    """With 6 dB at the most half of the original's amplitude is still there."""
    sound = noisy(5)
    assert np.abs(served(sound, limit_db=6.0206)[0] - (served(sound)[0] + sound) / 2).max() < 1e-4


@pytest.mark.parametrize("hops", [7, 56])
def test_portions_do_not_matter(hops: int) -> None:
    """Hop by hop or many at once: the same samples within 1e-4."""

    def fed(at_once: int) -> Samples:
        memory, parts = np.zeros(SHAPE.memory, np.float32), []
        for at in range(0, 112 * SHAPE.hop, at_once * SHAPE.hop):
            (done,) = ENGINE.run([Frames(noisy(5)[at : at + at_once * SHAPE.hop], memory)])
            memory = done.memory
            parts.append(done.samples)
        return np.concatenate(parts)

    assert np.abs(fed(hops) - fed(1)).max() < 1e-4


def test_company_does_not_matter() -> None:
    """Forty streams at different places of a recording, in one run: what each gets is what it gets alone."""
    memory = np.zeros(SHAPE.memory, np.float32)
    jobs = [Frames(noisy(5)[n * 999 :][: (1 + n % 3) * SHAPE.hop], memory) for n in range(40)]
    together = ENGINE.run(jobs)
    for job, one in zip(jobs, together, strict=True):
        (alone,) = ENGINE.run([job])
        assert np.abs(one.samples - alone.samples).max() < 1e-4
        assert np.abs(one.memory - alone.memory).max() < 1e-3


def test_openvino_gives_the_same() -> None:
    """The same file with the other library: the same samples within 1e-3."""
    other = open_engine(replace(SPEC, backend="openvino")).model
    sound = noisy(5)
    assert np.abs(served(sound, other)[0] - served(sound)[0]).max() < 1e-3
