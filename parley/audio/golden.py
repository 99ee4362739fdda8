"""What golden runs of stages that give sound share: a known clip, and how much of it is in what is heard."""

from pathlib import Path

import numpy as np

from parley.audio import media
from parley.audio.pcm import Samples

LONGEST_S = 60.0
_FULL = np.float32(32768)


def clip_of(path: Path, rate_hz: int, seconds: float) -> Samples:
    """The beginning of a recording, in one channel."""
    data = media.read(path.read_bytes(), LONGEST_S, rate_hz).data[: 2 * round(seconds * rate_hz)]
    return np.asarray(np.frombuffer(data, "<i2"), np.float32) / _FULL


def si_sdr(clean: Samples, heard: Samples) -> float:
    """In dB: how much of what is heard is the original, whatever its level; as far as both go."""
    length = min(len(clean), len(heard))
    right, found = clean[:length].astype(np.float64), heard[:length].astype(np.float64)
    rest = found - right * (np.vdot(found, right) / np.vdot(right, right))
    return float(10 * np.log10(np.square(found - rest).sum() / max(float(np.square(rest).sum()), 1e-20) + 1e-20))
