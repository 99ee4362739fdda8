"""New speakers out of old ones: another pace and pitch, another length of the throat."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from models.recipes.sound import RATE_HZ, Audio

SIZE, HOP = 512, 128
QUEFRENCIES = 28

# (speed, formants): speed moves pitch and formants alike, the second number moves formants alone.
VARIANTS = (
    (1.0, 1.0),
    (0.9, 1.0),
    (1.1, 1.0),
    (0.82, 1.0),
    (1.2, 1.0),
    (1.0, 0.88),
    (1.0, 1.13),
    (0.9, 1.12),
    (1.1, 0.9),
    (0.84, 1.2),
)

# Corpora with many speakers, each with much to say, are worth fewer copies.
FEWER = {"speechocean762": 3}


def variants(corpus: str) -> tuple[tuple[float, float], ...]:
    """The variants made of each speaker of a corpus."""
    return VARIANTS[: FEWER.get(corpus, len(VARIANTS))]


def shifted(audio: Audio, speed: float, formants: float) -> Audio:
    """The recording as somebody else might have spoken it."""
    faster = audio if speed == 1.0 else np.asarray(soxr.resample(audio, RATE_HZ * speed, RATE_HZ, "MQ"), np.float32)
    return faster if formants == 1.0 else throat(faster, formants)


def throat(audio: Audio, factor: float) -> Audio:
    """Stretch the spectral envelope by `factor` and leave the harmonics where they are."""
    window = np.hanning(SIZE + 1)[:-1].astype(np.float32)
    padded = np.pad(audio, (SIZE, SIZE + -len(audio) % HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, SIZE)[::HOP]
    spectra = np.fft.rfft(frames * window)
    logs = envelope(spectra)
    at = np.minimum(np.arange(SIZE // 2 + 1) / factor, SIZE // 2)
    low = np.minimum(at.astype(int), SIZE // 2 - 1)
    moved = logs[:, low] + (logs[:, low + 1] - logs[:, low]) * (at - low)
    # Bound the gain: an envelope's empty ends are guesses.
    gain = np.exp(np.clip(moved - logs, -3, 3))
    return overlapped(np.fft.irfft(spectra * gain, SIZE) * window)[SIZE : SIZE + len(audio)]


def envelope(spectra: NDArray[np.complexfloating]) -> NDArray[np.float64]:
    """The smooth part of each log spectrum, through its first cepstral coefficients."""
    cepstra = np.fft.irfft(np.log(np.abs(spectra) + 1e-5))
    lifter = np.zeros(SIZE)
    lifter[:QUEFRENCIES] = 1
    lifter[-QUEFRENCIES + 1 :] = 1
    return np.asarray(np.fft.rfft(cepstra * lifter).real)


def overlapped(frames: NDArray[np.floating]) -> Audio:
    """Overlap and add; squared Hann windows at a quarter add to 1.5."""
    steps = SIZE // HOP
    out = np.zeros((len(frames) + steps - 1, HOP))
    for part in range(steps):
        out[part : part + len(frames)] += frames[:, part * HOP : (part + 1) * HOP]
    return np.asarray(out.reshape(-1) / 1.5, np.float32)
