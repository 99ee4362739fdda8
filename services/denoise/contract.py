"""What denoise asks of a model, in one place, and how a run shows that it is one. Must not know streams."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from parley.audio.golden import clip_of, si_sdr
from parley.audio.pcm import HIGHEST_HZ, LOWEST_HZ, Samples
from parley.engines.contract import Axis, Graph, Line, nothing
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from parley.engines.stateful.engine import Frames, Shape
from parley.engines.stateful.options import GraphOptions
from services.denoise.adapters import adapter_of
from services.denoise.options import DenoiseOptions

CLIP, SECONDS, NOISE_DB = "one-speaker.flac", 4.0, 5.0
LEAST_GAIN_DB = 1.0
SPARE_S = 0.1  # by which an enhancer may be later than it says
ECHO = "echo"


def contract(spec: ModelSpec) -> Iterator[Line]:
    """Rates, options, then each graph's names, shapes and kinds of numbers."""
    rates = f"sample_rate_hz is {LOWEST_HZ} to {HIGHEST_HZ}, and [options] say how it is fed"
    yield Line(rates, nothing(lambda: DenoiseOptions.of(spec)))
    yield Line("[options] fit to their adapter: hop, window, number of graphs", nothing(lambda: adapter_of(spec)))
    if spec.backend != ECHO:
        declared = DenoiseOptions.of(spec)
        for number, each in enumerate(declared.every_graph):
            yield from _graph(spec, declared, each, number)


def _graph(spec: ModelSpec, declared: DenoiseOptions, each: GraphOptions, number: int) -> Iterator[Line]:
    file = each.file or next((name for name in spec.files if name.endswith((".onnx", ".xml"))), "")
    graph, alone = Graph(spec, file), declared.adapter != "waveform"
    axes = _axes(declared, number)
    yield from graph.takes(each.input, axes)
    yield from graph.gives(each.output, axes)
    for state in each.states:
        shape: tuple[Axis, ...] = state.shape if alone else ("streams", *state.shape)
        yield from graph.takes(state.name, shape)
        yield from graph.gives(state.next, shape)
    yield from graph.only([each.input, *(state.name for state in each.states)])


def _axes(declared: DenoiseOptions, number: int) -> tuple[Axis, ...]:
    """Of the sound, as each adapter shows it."""
    window = declared.window or 0
    bins = window // 2 + 1
    kinds: dict[str, tuple[tuple[Axis, ...], ...]] = {
        "waveform": (("streams", "samples"),),
        "gtcrn": ((1, bins, 1, 2),),
        "dtln": ((1, 1, bins), (1, 1, window)),
    }
    return kinds[declared.adapter][number]


def golden(spec: ModelSpec, engine: Engine[Frames, Frames], examples: Path) -> Iterator[Line]:
    """Speech in noise whose clean original is known."""
    if spec.backend != ECHO:
        asks = f"speech in noise of {NOISE_DB:g} dB comes out at least {LEAST_GAIN_DB:g} dB cleaner, and in step"
        yield Line(asks, lambda: _fault(spec, engine, examples))


def _fault(spec: ModelSpec, engine: Engine[Frames, Frames], examples: Path) -> str:
    shape = adapter_of(spec).shape
    clean = clip_of(examples / CLIP, shape.rate_hz, SECONDS)
    noisy = in_noise(clean)
    heard, before = _heard(shape, engine, noisy), si_sdr(clean, noisy)
    if not np.isfinite(heard).all():
        return "what comes out is no number"
    gain = si_sdr(clean, heard) - before
    if gain >= LEAST_GAIN_DB:
        return ""
    late = _lateness(clean, heard, round(SPARE_S * shape.rate_hz))
    if si_sdr(clean, heard[late:]) - before >= LEAST_GAIN_DB:
        return f"it is {late} samples later than model.toml says (latency_samples, or window - hop)"
    return f"it comes out {gain:.1f} dB cleaner"


def in_noise(clean: Samples) -> Samples:
    """The same noise for the same recording."""
    noise = np.random.default_rng(1).standard_normal(len(clean)).astype(np.float32)
    return clean + noise * np.float32(np.std(clean) / np.std(noise) * 10 ** (-NOISE_DB / 20))


def gained(shape: Shape, engine: Engine[Frames, Frames], clean: Samples, noisy: Samples) -> float:
    """By how many decibels it comes out cleaner."""
    return si_sdr(clean, _heard(shape, engine, noisy)) - si_sdr(clean, noisy)


def _heard(shape: Shape, engine: Engine[Frames, Frames], noisy: Samples) -> Samples:
    """What comes out, in step with what went in."""
    hops = len(noisy) // shape.hop * shape.hop
    (done,) = engine.run([Frames(noisy[:hops], np.zeros(shape.memory, np.float32))])
    return done.samples[shape.latency :]


def _lateness(clean: Samples, heard: Samples, most: int) -> int:
    """By how much what is heard must be moved to be most like the original."""
    size = 2 * max(len(clean), len(heard))
    likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(clean, size)), size)
    return int(likeness[:most].argmax())
