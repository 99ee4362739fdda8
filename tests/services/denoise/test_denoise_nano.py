"""The enhancer that ships, through the service."""

from dataclasses import replace

import numpy as np
import pytest

from parley.audio.pcm import Samples
from parley.engines.stateful.engine import Frames
from parley.v1 import denoise_pb2 as v1
from services.denoise.engine import open_engine
from tests.services.denoise.shipped import ShippedEnhancer, in_noise, recorded, si_sdr

NANO, VOICE = ShippedEnhancer("denoise-nano", "2"), recorded(60)
SPEC, SHAPE, ENGINE = NANO.spec, NANO.shape, NANO.engine
PIECE = 320  # samples: 20 ms


def noisy(snr_db: float) -> Samples:
    return in_noise(VOICE, snr_db)


def served(sound: Samples, limit_db: float = 0) -> tuple[Samples, list[v1.Quality]]:
    return NANO.served(sound, PIECE, limit_db=limit_db)


def test_the_service_gives_what_the_graph_gives() -> None:
    """Chunks, batches and states add nothing and lose nothing: the same samples as a bare loop over the graph."""
    sound = noisy(5)
    assert np.abs(served(sound)[0] - NANO.bare(sound).clip(-1, 1)).max() < 1e-5


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
    assert np.abs(NANO.served(sound, PIECE, engine=other)[0] - served(sound)[0]).max() < 1e-3
