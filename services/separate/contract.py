"""What separate asks of a model, in one place, and how a run shows that it is one. Must not know streams."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from parley.audio.golden import clip_of, si_sdr
from parley.audio.pcm import HIGHEST_HZ, LOWEST_HZ, Samples
from parley.engines.contract import Axis, Graph, Line, nothing
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from parley.engines.stateful.engine import Frames
from services.separate.adapters import Stream, adapter_of
from services.separate.options import STREAM, SeparateOptions

CLIP, SECONDS, SPEECH_DB = "one-speaker.flac", 4.0, 0.0
LEAST_GAIN_DB = 3.0
TONES_HZ = (131, 165, 196, 262, 330, 392, 523)  # of a chord that goes on
ECHO = "echo"


def contract(spec: ModelSpec) -> Iterator[Line]:
    """Rates, options, then the graph's names, shapes and kinds of numbers."""
    rates = f"sample_rate_hz is {LOWEST_HZ} to {HIGHEST_HZ}, and [options] say how it is fed"
    yield Line(rates, nothing(lambda: SeparateOptions.of(spec)))
    yield Line("[options] name an adapter that there is", nothing(lambda: _adapter(spec)))
    if spec.backend != ECHO:
        declared = SeparateOptions.of(spec)
        graph = Graph(spec, next((name for name in spec.files if name.endswith((".onnx", ".xml"))), ""))
        takes, gives = _axes(declared)
        yield from graph.takes(declared.input, takes)
        yield from graph.gives(declared.output, gives)
        for state in declared.states:
            yield from graph.takes(state.name, ("streams", *state.shape))
            yield from graph.gives(state.next, ("streams", *state.shape))
        yield from graph.only([declared.input, *(state.name for state in declared.states)])


def _adapter(spec: ModelSpec) -> object:
    return Stream(spec) if SeparateOptions.of(spec).adapter == STREAM else adapter_of(spec)


def _axes(declared: SeparateOptions) -> tuple[tuple[Axis, ...], tuple[Axis, ...]]:
    if declared.adapter == STREAM:
        return ("streams", "samples"), ("streams", "samples")
    if planes := _planes(declared):
        return planes, planes
    sound: tuple[Axis, ...] = (declared.channels, declared.segment)
    return (1, *sound), (1, "sources", *sound)


def _planes(declared: SeparateOptions) -> tuple[Axis, ...]:
    """Of a spectrum, as each adapter shows it."""
    frames: Axis = "frames" if declared.frames == 1 else declared.frames
    shapes: dict[str, tuple[Axis, ...]] = {
        "mask": ("segments", declared.channels, "frames", declared.bins),
        "magnitudes": (1, declared.channels, declared.bins, frames),
        "parts": (1, 2 * declared.channels, declared.bins, frames),
    }
    return shapes.get(declared.adapter, ())


def golden(spec: ModelSpec, engine: Engine[Any, Any], examples: Path) -> Iterator[Line]:
    """Speech over a chord, both of them known."""
    if spec.backend != ECHO:
        asks = f"speech over a chord as loud comes out at least {LEAST_GAIN_DB:g} dB cleaner"
        yield Line(asks, lambda: _fault(spec, engine, examples))


def _fault(spec: ModelSpec, engine: Engine[Any, Any], examples: Path) -> str:
    speech = clip_of(examples / CLIP, spec.sample_rate_hz, SECONDS)
    mix = speech + chord(len(speech), spec.sample_rate_hz) * np.float32(speech.std() / 10 ** (SPEECH_DB / 20))
    voice = _heard(spec, engine, mix)
    if not np.isfinite(voice).all():
        return "what comes out is no number"
    gain = si_sdr(speech, voice) - si_sdr(speech, mix)
    return "" if gain >= LEAST_GAIN_DB else f"it comes out {gain:.1f} dB cleaner"


def _heard(spec: ModelSpec, engine: Engine[Any, Any], mix: Samples) -> Samples:
    """The voice that the model finds, in step with what it hears."""
    declared = SeparateOptions.of(spec)
    if declared.adapter != STREAM:
        (found,) = engine.run([np.repeat(mix[:, None], declared.channels, axis=1)])
        mono: Samples = found.mean(1)
        return mono
    shape, whole = Stream(spec).shape, len(mix) // declared.hop * declared.hop
    (done,) = engine.run([Frames(mix[:whole], np.zeros(shape.memory, np.float32))])
    late: Samples = done.samples[shape.latency :]
    return late


def chord(length: int, rate_hz: int) -> Samples:
    """Plucked twice a second, of level one."""
    time = np.arange(length) / rate_hz
    tones = sum(np.sin(2 * np.pi * hz * harmonic * time) / harmonic for hz in TONES_HZ for harmonic in (1, 2, 3))
    found: Samples = np.asarray(tones * np.exp(-3 * (time % 0.5)), np.float32)
    found /= found.std()
    return found
