"""Graphs in the shapes of published separators, with random weights whose answer is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from parley.audio.pcm import Samples
from parley.engines.model import ModelSpec
from tests.parley.backends.tiny import node, written
from tests.services.separate.test_adapters import faults, heard, made

BINS = 2049
RANDOM = np.random.default_rng(7)
HTDEMUCS, UNMIX_WINDOW, MDX_WINDOW, MDX_FRAMES, MDX_BINS = 343_980, 4096, 7680, 256, 3072
CHANNELS = RANDOM.normal(size=(2, 2)).astype(np.float32) / 2  # left and right, mixed anew
GAINS = RANDOM.uniform(0, 1, BINS).astype(np.float32)


def mixed_anew(name: str, shape: tuple[int | str, ...], weight: Samples, out: str) -> bytes:
    """A convolution of one over the channels: as many planes come out as the weight has rows."""
    constants = {"weight": weight[:, :, None] if len(shape) == 3 else weight[:, :, None, None]}
    planes = (1, len(weight), *shape[2:])
    return written([node("Conv", f"{name} weight", out)], {name: shape}, {out: planes}, constants)


def demucs(folder: Path) -> ModelSpec:
    """HT-Demucs: 7.8 s of two channels -> drums, bass, other, vocals."""
    others = RANDOM.normal(size=(6, 2)).astype(np.float32)
    weight = np.concatenate([others, CHANNELS])
    constants = {"weight": weight[:, :, None], "shape": np.array([1, 4, 2, HTDEMUCS])}
    nodes = [node("Conv", "mix weight", "flat"), node("Reshape", "flat shape", "sources")]
    data = written(nodes, {"mix": (1, 2, HTDEMUCS)}, {"sources": (1, 4, 2, HTDEMUCS)}, constants)
    names = {"input": "mix", "output": "sources", "source": 3}
    return made(folder, data, adapter="waveform", segment=HTDEMUCS, overlap=HTDEMUCS // 4, hop=1, **names)


def mdx(folder: Path) -> ModelSpec:
    """MDX-Net: 256 frames of real and imaginary parts of 3,072 bins -> the voice's."""
    weight = np.kron(CHANNELS, np.eye(2, dtype=np.float32))
    data = mixed_anew("input", (1, 4, MDX_BINS, MDX_FRAMES), weight, "output")
    spectrum = {"window": MDX_WINDOW, "hop": 1024, "bins": MDX_BINS, "frames": MDX_FRAMES}
    names = {"input": "input", "output": "output"}
    return made(folder, data, adapter="parts", segment=(MDX_FRAMES - 1) * 1024, **spectrum, **names)


def open_unmix(folder: Path) -> ModelSpec:
    """Open-Unmix: magnitudes of 2,049 bins -> the voice's."""
    shape = (1, 2, BINS, "frames")
    data = written([node("Mul", "x gains", "y")], {"x": shape}, {"y": shape}, {"gains": GAINS[:, None]})
    spectrum = {"window": UNMIX_WINDOW, "hop": 1024, "bins": BINS}
    return made(folder, data, adapter="magnitudes", segment=64 * 1024, input="x", output="y", **spectrum)


@pytest.mark.parametrize("model", [demucs, mdx, open_unmix])
def test_each_keeps_its_contract(tmp_path: Path, model: Callable[[Path], ModelSpec]) -> None:
    assert faults(model(tmp_path)) == []


@pytest.mark.parametrize("length", [HTDEMUCS, 50_000])
def test_demucs_gives_the_source_that_is_named(tmp_path: Path, length: int) -> None:
    """Also of a last segment that is shorter than the graph's own length."""
    mix, found = heard(demucs(tmp_path), length)
    assert np.abs(found - mix @ CHANNELS.T).max() < 1e-5


@pytest.mark.parametrize("length", [255 * 1024, 50_000])
def test_mdx_gives_a_spectrum(tmp_path: Path, length: int) -> None:
    """A tone that the graph hears comes back as its weights mix it."""
    time = np.arange(length) / 44_100
    tones = [np.sin(2 * np.pi * hz * time) for hz in (440, 3000)]
    mix = np.stack(tones, 1).astype(np.float32)
    _, found = heard(mdx(tmp_path), length, mix)
    inside = slice(MDX_WINDOW, length - MDX_WINDOW)
    assert np.abs(found - mix @ CHANNELS.T)[inside].max() < 2e-3


def test_open_unmix_gives_magnitudes(tmp_path: Path) -> None:
    """Frame by frame the same as by hand."""
    mix, found = heard(open_unmix(tmp_path), 64 * 1024)
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(UNMIX_WINDOW) / UNMIX_WINDOW)
    wanted = np.zeros(mix.shape)
    for start in range(0, len(mix) - UNMIX_WINDOW + 1, 1024):
        frame = slice(start, start + UNMIX_WINDOW)
        spectrum = np.fft.rfft(mix[frame] * taper[:, None], axis=0) * GAINS[:, None]
        wanted[frame] += np.fft.irfft(spectrum, axis=0) * taper[:, None] / 1.5  # of four squares in a place
    inside = slice(UNMIX_WINDOW, len(mix) - UNMIX_WINDOW)
    assert np.abs(found - wanted)[inside].max() < 1e-4
