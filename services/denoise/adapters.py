"""Graphs of several kinds behind one face: sound in, cleaner sound out. Must not know sessions or batches.

`adapter` under [options] of model.toml names the kind; docs/enhancers.md says how to serve an enhancer of one's own.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from parley.audio.pcm import Samples
from parley.engines import options
from parley.engines.model import ModelSpec
from parley.engines.protocols import Tensors
from parley.engines.stateful.engine import Adapter, Shape
from parley.engines.stateful.graph import Graph, Rows
from parley.errors import BadModel
from services.denoise.options import DenoiseOptions


class Waveform:
    """Samples in, samples out, streams on the first axis: all of them in one run."""

    alone = False

    def __init__(self, spec: ModelSpec) -> None:
        self.graphs, declared = graphs_of(spec), DenoiseOptions.of(spec)
        self.shape = Shape(declared.hop, declared.latency_samples, self.graphs[0].memory, spec.sample_rate_hz)

    def run(self, tensors: Sequence[Tensors], audio: Rows, memory: Rows) -> tuple[Rows, Rows]:
        """One run."""
        return self.graphs[0].run(tensors[0], audio, memory)


class Net(Protocol):
    """What happens to one frame of one stream."""

    @property
    def graphs(self) -> Sequence[Graph]:
        """The graphs to open, in order."""

    def run(self, tensors: Sequence[Tensors], frame: Samples, memory: Samples) -> tuple[Samples, Samples]:
        """The frame, cleaned, and what is remembered."""


class Overlapped:
    """Nets that take one overlapping frame of one stream a run. The overlaps are remembered beside their states."""

    alone = True

    def __init__(self, spec: ModelSpec, net: Net) -> None:
        self._window, self._hop, self._net = _window(spec), DenoiseOptions.of(spec).hop, net
        if self._hop > self._window:
            raise options.fault(spec, f"`hop` must lie between 1 and `window`, {self._window}.")
        self.graphs, self._kept = net.graphs, self._window - self._hop
        memory = 2 * self._kept + sum(graph.memory for graph in net.graphs)
        self.shape = Shape(self._hop, self._kept, memory, spec.sample_rate_hz)

    def run(self, tensors: Sequence[Tensors], audio: Rows, memory: Rows) -> tuple[Rows, Rows]:
        """Stream by stream."""
        done = [self._stream(tensors, *one) for one in zip(audio, memory, strict=True)]
        return np.stack([clean for clean, _ in done]), np.stack([left for _, left in done])

    def _stream(self, tensors: Sequence[Tensors], audio: Samples, memory: Samples) -> tuple[Samples, Samples]:
        heard, spoken, state = np.split(memory, [self._kept, 2 * self._kept])
        heard = np.concatenate((heard, audio))
        spoken = np.concatenate((spoken, np.zeros(len(audio), np.float32)))
        for at in range(0, len(audio), self._hop):
            clean, state = self._net.run(tensors, heard[at : at + self._window], state)
            spoken[at : at + self._window] += clean
        end = len(audio)
        return spoken[:end], np.concatenate((heard[end:], spoken[end:], state))


def _window(spec: ModelSpec) -> int:
    if (window := DenoiseOptions.of(spec).window) is None:
        raise options.fault(spec, "lacks `options.window`: how many samples a frame has.")
    return window


class Gtcrn:
    """Real and imaginary parts of one windowed frame, [1, bins, 1, 2], with caches."""

    def __init__(self, spec: ModelSpec) -> None:
        self.graphs = graphs_of(spec)
        self._taper = np.sqrt(np.hanning(_window(spec) + 1)[:-1]).astype(np.float32)

    def run(self, tensors: Sequence[Tensors], frame: Samples, memory: Samples) -> tuple[Samples, Samples]:
        """The taper twice, so that overlapping frames add to one."""
        spectrum = np.fft.rfft(frame * self._taper)
        parts = np.stack((spectrum.real, spectrum.imag), -1).astype(np.float32)
        out, memory = self.graphs[0].run(tensors[0], parts[None, :, None], memory)
        clean = out.reshape(-1, 2)
        return np.fft.irfft(clean[:, 0] + 1j * clean[:, 1], len(frame)).astype(np.float32) * self._taper, memory


class Dtln:
    """Two graphs: a mask for the magnitudes of one frame, [1, 1, bins], and the masked frame's samples, refined."""

    def __init__(self, spec: ModelSpec) -> None:
        self.graphs = graphs_of(spec, 2)

    def run(self, tensors: Sequence[Tensors], frame: Samples, memory: Samples) -> tuple[Samples, Samples]:
        """The first graph's states lie before the second's."""
        (first, second), spectrum = self.graphs, np.fft.rfft(frame)
        size = np.abs(spectrum).astype(np.float32)
        mask, left = first.run(tensors[0], size[None, None], memory[: first.memory])
        masked = np.fft.irfft(spectrum * mask.reshape(-1), len(frame)).astype(np.float32)
        clean, right = second.run(tensors[1], masked[None, None], memory[first.memory :])
        return clean.reshape(-1), np.concatenate((left, right))


ADAPTERS: dict[str, Callable[[ModelSpec], Adapter]] = {
    "waveform": Waveform,
    "gtcrn": lambda spec: Overlapped(spec, Gtcrn(spec)),
    "dtln": lambda spec: Overlapped(spec, Dtln(spec)),
}


def adapter_of(spec: ModelSpec) -> Adapter:
    """The adapter that the model names; most need none named."""
    name = DenoiseOptions.of(spec).adapter
    if name not in ADAPTERS:
        raise options.fault(spec, f"adapter {name!r} is not known; write {', '.join(ADAPTERS)}.")
    return ADAPTERS[name](spec)


def graphs_of(spec: ModelSpec, count: int = 1) -> list[Graph]:
    """Those listed under [[options.graphs]]; without such a list [options] itself describes the only one."""
    declared = DenoiseOptions.of(spec).every_graph
    if len(declared) != count:
        raise BadModel(f"{spec.folder / 'model.toml'} must list {count} [[options.graphs]], not {len(declared)}.")
    return [Graph(each) for each in declared]
