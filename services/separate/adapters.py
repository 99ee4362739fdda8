"""Graphs of several kinds behind one face: sound in, the voice in it out. Must not know streams of clients.

All but `stream` hear a segment at a time and remember nothing.

`adapter` under [options] of model.toml names the kind.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from parley.audio.pcm import Samples
from parley.engines import options
from parley.engines.model import ModelSpec
from parley.engines.protocols import Tensors
from parley.engines.stateful.engine import Shape
from parley.engines.stateful.graph import Graph, Rows
from services.separate.options import STREAM, SeparateOptions

Spectrum = npt.NDArray[np.complex64]  # [channels, frames, bins]
QUIET = np.float32(1e-8)


class Adapter(Protocol):
    """One kind of graph."""

    def voice(self, tensors: Tensors, mix: Samples) -> Samples:
        """A row for each moment, a column for each channel: as much again."""


class Mask:
    """The graph hears magnitudes, [1, channels, frames, bins], and says which share of each is the voice."""

    def __init__(self, declared: SeparateOptions) -> None:
        self._declared = declared
        self._taper = np.hanning(declared.window + 1)[:-1].astype(np.float32)

    def voice(self, tensors: Tensors, mix: Samples) -> Samples:
        """The voice's part of the spectrum, back as samples."""
        spectrum = self._spectrum(mix)
        low, above = np.split(spectrum, [self._declared.bins], axis=-1)
        voice = self._low(tensors, low)
        return self._samples(np.concatenate((voice, above * _kept(low, voice)), -1), len(mix))

    def _spectrum(self, mix: Samples) -> Spectrum:
        """Frames whose middles are `hop` apart, from the first sample to behind the last."""
        window, hop = self._declared.window, self._declared.hop
        whole = -(-len(mix) // hop) * hop
        padded = np.pad(mix.T, ((0, 0), (window // 2, window // 2 + whole - len(mix))))
        frames = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::hop]
        return np.fft.rfft(frames * self._taper).astype(np.complex64)

    def _low(self, tensors: Tensors, mix: Spectrum) -> Spectrum:
        """Of the bins that the graph hears."""
        share: Spectrum = self._asked(tensors, np.abs(mix)) * mix
        return share

    def _asked(self, tensors: Tensors, planes: Samples) -> Samples:
        """What the graph says of [planes, frames, bins]; it is given whole portions of frames."""
        count, portion = planes.shape[1], self._declared.frames
        filled = np.pad(planes, ((0, 0), (0, -count % portion), (0, 0)))
        return tensors.run({self._declared.input: filled[None]})[self._declared.output][0, :, :count]

    def _samples(self, spectrum: Spectrum, length: int) -> Samples:
        """Frames overlapped and added, by how much of them lies at each place."""
        window, hop = self._declared.window, self._declared.hop
        frames = np.fft.irfft(spectrum, window).astype(np.float32) * self._taper
        sound = np.zeros((len(frames), window + hop * (frames.shape[1] - 1)), np.float32)
        weight, square = np.zeros(sound.shape[1], np.float32), np.square(self._taper)
        for number in range(frames.shape[1]):
            place = slice(number * hop, number * hop + window)
            sound[:, place] += frames[:, number]
            weight[place] += square
        sound /= np.maximum(weight, QUIET)
        start = window // 2
        return sound[:, start : start + length].T


class Magnitudes(Mask):
    """As Open-Unmix: magnitudes in, [1, channels, bins, frames], and those of the voice out."""

    def _low(self, tensors: Tensors, mix: Spectrum) -> Spectrum:
        size = np.abs(mix)
        voice: Spectrum = mix * (self._asked(tensors, size) / np.maximum(size, QUIET))
        return voice

    def _asked(self, tensors: Tensors, planes: Samples) -> Samples:
        """The graph has frames last."""
        count, portion = planes.shape[1], self._declared.frames
        filled = np.pad(planes, ((0, 0), (0, -count % portion), (0, 0))).transpose(0, 2, 1)
        found = tensors.run({self._declared.input: np.ascontiguousarray(filled[None])})[self._declared.output]
        asked: Samples = found[0, :, :, :count].transpose(0, 2, 1)
        return asked


class Parts(Magnitudes):
    """As MDX-Net: real and imaginary parts of each channel, [1, 2 * channels, bins, frames], both ways."""

    def _low(self, tensors: Tensors, mix: Spectrum) -> Spectrum:
        planes = np.stack((mix.real, mix.imag), 1).reshape(-1, *mix.shape[1:])
        found = self._asked(tensors, planes).reshape(-1, 2, *mix.shape[1:])
        voice: Spectrum = (found[:, 0] + 1j * found[:, 1]).astype(np.complex64)
        return voice


def _kept(mix: Spectrum, voice: Spectrum) -> Samples:
    """The share of each frame on the whole: bins that a graph does not hear go where the others go."""
    sizes = (np.abs(each).mean(-1, keepdims=True) for each in (voice, mix))
    found, whole = sizes
    share: Samples = np.minimum(found / np.maximum(whole, QUIET), 1)
    return share


class Waveform:
    """The graph hears samples, [1, channels, samples], and gives sources, [1, sources, channels, samples].

    One that gives the voice alone has no axis of sources.
    """

    def __init__(self, declared: SeparateOptions) -> None:
        self._declared = declared

    def voice(self, tensors: Tensors, mix: Samples) -> Samples:
        """A segment that is too short is filled with silence: such graphs take one length."""
        filled = np.pad(mix.T, ((0, 0), (0, self._declared.segment - len(mix))))
        found = tensors.run({self._declared.input: filled[None].astype(np.float32)})[self._declared.output]
        voice: Samples = found[0] if found.ndim == mix.ndim + 1 else found[0, self._declared.source]
        return voice[:, : len(mix)].T


class Stream:
    """The graph hears hops of many streams, [streams, samples], and gives the voice in them and what to remember."""

    alone = False

    def __init__(self, spec: ModelSpec) -> None:
        declared = SeparateOptions.of(spec)
        self.graphs = [Graph(declared.graph)]
        self.shape = Shape(declared.hop, declared.latency_samples, self.graphs[0].memory, spec.sample_rate_hz)

    def run(self, tensors: Sequence[Tensors], audio: Rows, memory: Rows) -> tuple[Rows, Rows]:
        """One run."""
        return self.graphs[0].run(tensors[0], audio, memory)


ADAPTERS: dict[str, Callable[[SeparateOptions], Adapter]] = {
    "mask": Mask,
    "magnitudes": Magnitudes,
    "parts": Parts,
    "waveform": Waveform,
}


def adapter_of(spec: ModelSpec) -> Adapter:
    """The adapter that the model names."""
    declared = SeparateOptions.of(spec)
    if declared.adapter not in ADAPTERS:
        names = ", ".join((*ADAPTERS, STREAM))
        raise options.fault(spec, f"adapter {declared.adapter!r} is not known; write {names}.")
    return ADAPTERS[declared.adapter](declared)
