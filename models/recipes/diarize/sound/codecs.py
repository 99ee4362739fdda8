"""What a telephone leaves of a voice: a narrow band and a real codec, through libsndfile."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from scipy.signal import butter, sosfilt

from models.recipes.sound import Audio, Random

LINE_HZ = 8000

# Container and coding; none is 16-bit PCM.
CODINGS = (
    None,
    ("WAV", "ULAW"),
    ("WAV", "ALAW"),
    ("WAV", "GSM610"),
    ("WAV", "IMA_ADPCM"),
    ("AU", "G721_32"),
    ("AU", "G723_24"),
)


def coded(audio: Audio, rng: Random) -> Audio:
    """Audio at 8 kHz through a codec drawn by lot, at a level drawn by lot."""
    kind = CODINGS[int(rng.integers(len(CODINGS)))]
    peak = 10 ** (-rng.uniform(2, 22) / 20) / max(float(np.abs(audio).max()), 1e-6)
    loud = audio * np.float32(peak)
    if kind is None:
        return loud
    buffer = io.BytesIO()
    soundfile.write(buffer, loud, LINE_HZ, format=kind[0], subtype=kind[1])
    buffer.seek(0)
    heard, _ = soundfile.read(buffer, dtype="float32")
    # Codecs work in blocks and may give a little more or less than they got.
    return np.asarray(np.resize(heard, len(audio)) if len(heard) else loud, np.float32)


def line(audio: Audio, rng: Random) -> Audio:
    """A whole recording at 16 kHz as it arrives over a telephone line."""
    low, high = rng.uniform(200, 350), rng.uniform(3100, 3700)
    narrow = sosfilt(butter(4, [low, high], btype="bandpass", fs=2 * LINE_HZ, output="sos"), audio)
    slow = coded(np.asarray(narrow[::2], np.float32), rng)
    return upsampled(slow)[: len(audio)]


def upsampled(slow: Audio) -> Audio:
    """8 kHz -> 16 kHz by its spectrum."""
    spectrum = np.fft.rfft(slow)
    wide = np.zeros(len(slow) + 1, complex)
    wide[: len(spectrum)] = spectrum
    return np.asarray(2 * np.fft.irfft(wide, 2 * len(slow)), np.float32)
