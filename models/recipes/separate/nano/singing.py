"""Speech on notes: the sound of the mouth as it was said, on a pitch that a melody gives. Knows nothing of training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from models.recipes.sound import RATE_HZ, Audio, Random

WINDOW, HOP = 512, 128
LIFTER = 26  # cepstral coefficients that the mouth's shape takes; the pitch is in those above
SCALE = (0, 2, 4, 5, 7, 9, 11)
VOICED_HZ = 3000.0  # what is loud above is a consonant of noise
Values = NDArray[np.float64]


def sung(speech: Audio, rng: Random) -> Audio:
    """The words of the speech on a melody, as long and as loud."""
    size = len(speech)
    taper = np.hanning(WINDOW + 1)[:-1]
    padded = np.pad(speech.astype(np.float64), (WINDOW, WINDOW + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * taper
    spectrum = np.abs(np.fft.rfft(frames))
    throat = np.fft.rfft(sliced(buzz(melody(len(padded), rng)), taper)[: len(frames)])
    breath = np.fft.rfft(sliced(rng.standard_normal(len(padded)), taper)[: len(frames)])
    tone = voiced(spectrum)[:, None]
    source = tone * throat / level(throat) + (1 - tone) * breath / level(breath)
    found = np.fft.irfft(envelope(spectrum) * source, WINDOW) * taper
    out = np.zeros(len(padded) + WINDOW)
    for n, frame in enumerate(found):
        out[n * HOP : n * HOP + WINDOW] += frame
    cut = out[WINDOW : WINDOW + size]
    return np.asarray(cut * (speech.std() / (cut.std() + 1e-9)), np.float32)


def sliced(sound: Values, taper: Values) -> Values:
    """Frames as those of the speech."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP] * taper)


def level(spectrum: NDArray[np.complex128]) -> Values:
    """Of each frame."""
    return np.asarray(np.sqrt(np.mean(np.abs(spectrum) ** 2, axis=1, keepdims=True)) + 1e-9)


def envelope(spectrum: Values) -> Values:
    """Smooth over frequency: the cepstrum's beginning."""
    cepstrum = np.fft.irfft(np.log(spectrum + 1e-7))
    cepstrum[:, LIFTER:-LIFTER] = 0
    return np.asarray(np.exp(np.fft.rfft(cepstrum).real))


def voiced(spectrum: Values) -> Values:
    """From 0 to 1 by frame: how much of it the voice's cords make."""
    split = round(VOICED_HZ * WINDOW / RATE_HZ)
    low, high = (spectrum[:, part] ** 2 for part in (slice(None, split), slice(split, None)))
    share = low.sum(1) / (low.sum(1) + high.sum(1) + 1e-12)
    return np.asarray(gaussian_filter1d((share > 0.6).astype(float), 1.5))


def melody(samples: int, rng: Random) -> Values:
    """Hz at each sample: notes of a scale, gliding into each other, with vibrato."""
    key, at, pitches = rng.uniform(43, 64), 0, np.zeros(samples)
    degree = int(rng.integers(0, 7))
    while at < samples:
        length = int(rng.uniform(0.15, 0.9) * RATE_HZ)
        up, place = divmod(degree, len(SCALE))
        pitches[at : at + length] = key + 12 * up + SCALE[place]
        at, degree = at + length, int(np.clip(degree + rng.integers(-2, 3), -2, 10))
    time = np.arange(samples) / RATE_HZ
    shake = rng.uniform(0, 0.5) * np.sin(2 * np.pi * rng.uniform(4.5, 7) * time)
    return np.asarray(440 * 2 ** ((gaussian_filter1d(pitches, 0.02 * RATE_HZ) + shake - 69) / 12))


def buzz(hz: Values) -> Values:
    """As many harmonics as there is room for, each as strong as the others."""
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    count = np.floor(0.95 * RATE_HZ / 2 / hz)
    # The closed form of a sum of cosines.
    half = np.where(np.abs(np.sin(phase / 2)) < 1e-4, 1e-4, np.sin(phase / 2))
    return np.asarray((np.sin((count + 0.5) * phase) / half - 1) / 2)
