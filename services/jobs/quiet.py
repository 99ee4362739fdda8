"""Where sound is best cut: in the longest of its quietest moments. Pure."""

import numpy as np
import numpy.typing as npt

FRAME_S, WIDTH = 0.02, 15  # seconds that are measured at once; how many of them in a row make a pause
ABOUT_AS_QUIET = 4.0  # times the power of the quietest pause


def quietest(samples: npt.NDArray[np.int16], rate_hz: int) -> int:
    """The sample in the middle of the best pause; a row for each moment, a column for each channel."""
    frame = round(FRAME_S * rate_hz)
    count = len(samples) // frame
    if count < WIDTH:
        return len(samples)
    whole = samples[: count * frame].astype(np.float64).reshape(count, -1)
    power = np.lib.stride_tricks.sliding_window_view((whole**2).mean(1), WIDTH).max(1)
    first, last = _longest(power <= ABOUT_AS_QUIET * power.min() + 1.0)
    return (first + last + WIDTH) * frame // 2


def _longest(flags: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """The longest run of True, the latest of several: its first index, and the index behind its last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2]
    best = len(starts) - 1 - int(np.argmax((ends - starts)[::-1]))
    return int(starts[best]), int(ends[best])
