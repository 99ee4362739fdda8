"""Runs exported enhancers and reference models over whole recordings, aligned with their input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import soxr
from numpy.typing import NDArray

from models.recipes.provenance import Manifest
from models.recipes.sound import RATE_HZ, Audio

Arrays = dict[str, NDArray[np.float32]]
Enhance = Callable[[Audio], Audio]


def session(path: Path) -> onnxruntime.InferenceSession:
    """One thread, no denormals."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Recurrent states that decay in silence would otherwise crawl through denormals.
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Stream:
    """Feeds one exported model call by call, carrying its states."""

    def __init__(self, net: onnxruntime.InferenceSession, streams: int = 1) -> None:
        self.net = net
        inputs = [i for i in net.get_inputs() if i.name != "audio"]
        self.states: Arrays = {i.name: np.zeros((streams, *i.shape[1:]), np.float32) for i in inputs}

    def feed(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Enhance some hops of every stream."""
        enhanced, *states = self.net.run(None, {"audio": audio, **self.states})
        self.states = dict(zip(self.states, states, strict=True))
        return np.asarray(enhanced)


def whole(net: onnxruntime.InferenceSession, audio: Audio, hop: int, late: int, hops: int = 250) -> Audio:
    """Enhance a recording in calls of `hops`, output aligned with input."""
    stream, size = Stream(net), hops * hop
    # As much silence at the end as the model is late, and as much dropped from the beginning: lengths and times match.
    padded = np.pad(audio, (0, late + -(len(audio) + late) % hop))[None]
    parts = [stream.feed(padded[:, at : at + size]) for at in range(0, padded.shape[1], size)]
    return np.concatenate(parts, axis=1)[0, late : late + len(audio)]


def ours(folder: Path) -> Enhance:
    """A model folder of the kind `waveform` over whole recordings of 16 kHz, whatever rate the model takes."""
    manifest, net = Manifest.read(folder), session(folder / "model.onnx")
    hop, late, rate_hz = manifest.options["hop"], manifest.options["latency_samples"], manifest.sample_rate_hz

    def enhance(audio: Audio) -> Audio:
        out = whole(net, np.asarray(soxr.resample(audio, RATE_HZ, rate_hz), np.float32), hop, late)
        return np.resize(np.asarray(soxr.resample(out, rate_hz, RATE_HZ), np.float32), len(audio))

    return enhance


def gtcrn(path: Path) -> Enhance:
    """GTCRN's streaming export: one spectral frame a call, three caches."""
    net = session(path / "gtcrn_simple.onnx")
    window = np.sqrt(np.hanning(513)[:-1]).astype(np.float32)
    first, *caches = net.get_inputs()
    zero = {c.name: np.zeros(c.shape, np.float32) for c in caches}

    def enhance(audio: Audio) -> Audio:
        states: Mapping[str, NDArray[np.float32]] = zero
        frames = framed(audio, 512, 256) * window
        out = np.zeros(len(frames) * 256 + 256, np.float32)
        for i, spectrum in enumerate(np.fft.rfft(frames).astype(np.complex64)):
            parts = np.stack([spectrum.real, spectrum.imag], -1)[None, :, None]
            enhanced, *after = net.run(None, {first.name: parts, **states})
            states = dict(zip(zero, after, strict=True))
            out[i * 256 : i * 256 + 512] += np.fft.irfft(enhanced[0, :, 0, 0] + 1j * enhanced[0, :, 0, 1]) * window
        return out[256 : 256 + len(audio)]

    return enhance


def dtln(path: Path) -> Enhance:
    """DTLN: a magnitude mask, then a net on the waveform; blocks of 512, shifts of 128."""
    nets = [session(path / f"dtln_model_{i}.onnx") for i in (1, 2)]
    names = [[i.name for i in net.get_inputs()] for net in nets]
    zeros = [np.zeros(net.get_inputs()[1].shape, np.float32) for net in nets]

    def enhance(audio: Audio) -> Audio:
        states = list(zeros)
        frames = framed(audio, 512, 128)
        out = np.zeros(len(frames) * 128 + 384, np.float32)
        for i, frame in enumerate(frames):
            spectrum = np.fft.rfft(frame)
            size = np.abs(spectrum).astype(np.float32)[None, None]
            mask, states[0] = nets[0].run(None, dict(zip(names[0], (size, states[0]), strict=True)))
            estimate = np.fft.irfft(spectrum * mask[0, 0]).astype(np.float32)[None, None]
            block, states[1] = nets[1].run(None, dict(zip(names[1], (estimate, states[1]), strict=True)))
            out[i * 128 : i * 128 + 512] += block[0, 0]
        return out[384 : 384 + len(audio)]

    return enhance


def framed(audio: Audio, size: int, shift: int) -> NDArray[np.float32]:
    """Overlapping frames; silence before the first and after the last so that nothing is lost."""
    count = -(-len(audio) // shift) + size // shift - 1
    padded = np.zeros(count * shift + size - shift, np.float32)
    padded[size - shift : size - shift + len(audio)] = audio
    return np.lib.stride_tricks.sliding_window_view(padded, size)[::shift]
