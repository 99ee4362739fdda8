"""What an asr model is shown of an utterance: rows of numbers in time, named in its model.toml. Pure."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from parley.audio.pcm import RATE_HZ, Samples
from services.asr.options import AsrOptions

Rows = npt.NDArray[np.float32]

LINEAR_HZ, LINEAR_MELS = 1000.0, 15.0  # Slaney's scale: straight up to here, logarithmic beyond
OCTAVE = 27 / np.log(6.4)


class Features(Protocol):
    """An utterance as a model sees it."""

    hop: int  # samples from one row to the next

    def count(self, samples: int) -> int:
        """How many frames so many samples make."""

    def show(self, samples: Samples) -> Rows:
        """[frames, bands]; every frame begins `hop` after the one before."""


class HalfSeconds:
    """Half seconds, the last one filled with silence: what the echo backend spells."""

    hop = 8_000

    def count(self, samples: int) -> int:
        """The last one may be half full."""
        return -(-samples // self.hop)

    def show(self, samples: Samples) -> Rows:
        """A row half a second."""
        count = self.count(len(samples))
        return np.pad(samples, (0, count * self.hop - len(samples))).reshape(count, self.hop)


class LogMel:
    """Whisper's: mel bands, eight decades below the loudest. The defaults are those of OpenAI's own models."""

    def __init__(self, hop: int = 160, n_fft: int = 400, n_mels: int = 80, tail: int = 160) -> None:
        self.hop, self._size, self._tail = hop, n_fft, tail
        self._window = np.hanning(self._size + 1)[:-1].astype(np.float32)
        self._filters = _filters(self._size, n_mels)

    def count(self, samples: int) -> int:
        """Whole hops, the tail included."""
        return (samples + self._tail) // self.hop

    def show(self, samples: Samples) -> Rows:
        """A row a hop, from the first sample's on."""
        padded = np.pad(np.pad(samples, (0, self._tail)), self._size // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, self._size)[:: self.hop][: self.count(len(samples))]
        spectrum = np.fft.rfft(frames * self._window)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        logs = np.log10(np.maximum(power.astype(np.float32) @ self._filters, np.float32(1e-10)))
        loudest = logs.max(initial=-10.0)
        return np.asarray((np.maximum(logs, loudest - 8) + 4) / 4, np.float32)


def _filters(size: int, count: int) -> Rows:
    """[bins, bands]: triangles of equal area, equally far apart on the mel scale."""
    top = LINEAR_MELS + OCTAVE * np.log(RATE_HZ / 2 / LINEAR_HZ)
    mels = np.linspace(0, top, count + 2)
    edges = LINEAR_HZ * np.where(mels < LINEAR_MELS, mels / LINEAR_MELS, np.exp((mels - LINEAR_MELS) / OCTAVE))
    bins = np.arange(size // 2 + 1)[:, None] * (RATE_HZ / size)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))
    return np.asarray(triangles, np.float32)


FEATURES: dict[str, Callable[[AsrOptions], Features]] = {
    "frames": lambda _: HalfSeconds(),
    "log-mel": lambda options: LogMel(options.hop, options.n_fft, options.n_mels, options.tail),
}
