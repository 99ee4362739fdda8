"""Audio for every recipe: reading, splits by speaker, levels, rooms, bands. Knows nothing of models."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

RATE_HZ = 16000
FRAME = 320
KINDS = {".flac", ".wav", ".mp3", ".ogg"}

Audio = NDArray[np.float32]
Random = np.random.Generator


def read(path: Path) -> Audio:
    """Mono at 16 kHz, full scale 1."""
    audio, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    mono = audio.mean(axis=1)
    return mono if rate_hz == RATE_HZ else np.asarray(soxr.resample(mono, rate_hz, RATE_HZ), np.float32)


def files(folder: Path) -> Iterator[Path]:
    """The folder's recordings, in order of name so that seeds mean the same everywhere."""
    return (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in KINDS)


def speaker(path: Path) -> str:
    """Who speaks, read from the corpus's way of naming files; unknown corpora: one speaker a file."""
    parts = path.stem.split("-")
    if path.parent.name.startswith("librispeech"):
        return parts[0]
    return parts[1] if path.parent.name == "an4" else path.stem


def held_out(name: str, share: float = 0.15) -> bool:
    """Whether this speaker or recording is kept from training. Depends on the name alone."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32 < share


def rms(audio: Audio) -> float:
    """Root mean square, never zero."""
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)) + 1e-20))


def at_level(audio: Audio, dbfs: float) -> Audio:
    """The same audio at another level."""
    return np.asarray(audio * (10 ** (dbfs / 20) / rms(audio)), np.float32)


def frame_levels(audio: Audio) -> NDArray[np.float64]:
    """The level of each 20 ms in dBFS."""
    frames = audio[: len(audio) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    return np.asarray(10 * np.log10(np.mean(frames**2, axis=1) + 1e-10))


def dynamic_range(audio: Audio) -> float:
    """Speech over its pauses in dB: a recording's own signal-to-noise ratio, roughly."""
    low, high = np.percentile(frame_levels(audio), [5, 95])
    return float(high - low)


def pauses(audio: Audio, min_s: float = 0.25) -> list[Audio]:
    """The stretches without speech, judged by level, a margin kept from speech on both sides."""
    levels = frame_levels(audio)
    floor, top = np.percentile(levels, [10, 95])
    speech = levels > min(floor + 0.3 * (top - floor), top - 20)
    speech = np.convolve(speech, np.ones(9), "same") > 0
    edges = np.flatnonzero(np.diff(np.concatenate([[1], speech, [1]]).astype(int)))
    spans = zip(edges[::2] * FRAME, edges[1::2] * FRAME, strict=True)
    return [audio[a:b] for a, b in spans if b - a >= min_s * RATE_HZ and rms(audio[a:b]) > 1e-4]


def tile(pieces: list[Audio], samples: int, rng: Random, fade: int = 640) -> Audio:
    """Fill `samples` with randomly chosen pieces, equal-power cross-faded."""
    out = np.zeros(samples + fade, np.float32)
    ramp = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32))
    at = 0
    while at < samples:
        piece = pieces[rng.integers(len(pieces))][: samples + fade - at].copy()
        if len(piece) < 2 * fade:
            break
        piece[:fade] *= ramp
        piece[-fade:] *= ramp[::-1]
        out[at : at + len(piece)] += piece
        at += len(piece) - fade
    return out[:samples]


def room(rng: Random, samples: int = 4800, longest_s: float = 0.5, loudest_db: float = 0.0) -> Audio:
    """A room's response: the direct sound, a few reflections, a decaying coloured tail at most so much louder."""
    decay_s = rng.uniform(0.1, longest_s)
    at = np.arange(samples) / RATE_HZ
    tail = rng.standard_normal(samples) * np.exp(-6.9 * at / decay_s)
    tail[: rng.integers(16, 160)] = 0
    tail = sosfilt(butter(1, rng.uniform(2000, 7000), fs=RATE_HZ, output="sos"), tail)
    tail *= 10 ** ((loudest_db - rng.uniform(0, 15)) / 20) / np.sqrt(np.sum(tail**2))
    for _ in range(rng.integers(3, 9)):
        tail[rng.integers(8, 800)] += rng.uniform(-0.4, 0.4)
    tail[0] = 1.0
    return np.asarray(tail / np.sqrt(np.sum(tail**2)), np.float32)


def telephone(audio: Audio) -> Audio:
    """300-3400 Hz, as a telephone leaves it."""
    band = butter(4, [300, 3400], btype="bandpass", fs=RATE_HZ, output="sos")
    return np.asarray(sosfilt(band, audio), np.float32)


def quantised(audio: Audio) -> Audio:
    """What 16-bit PCM keeps; for quiet input that is not much."""
    return np.asarray(np.round(np.clip(audio, -1, 1) * 32767) / 32767, np.float32)
