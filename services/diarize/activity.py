"""Where somebody speaks, by level against what the stream has had so far. Pure: samples in, stretches out."""

import numpy as np
import numpy.typing as npt

from parley.audio.pcm import Samples, Tape

FRAME = 320  # 20 ms
MARGIN = 2  # frames around what is loud
QUIETEST, BINS = -100, 101  # decibels of the first bin, of one decibel each
STEADY, FAINT = -50.0, -65.0  # decibels that nobody speaks below: where all is alike, and where some stands out
KNOWN = 25  # frames that must stand out to know how loud people speak
FORGET = 0.998  # of what is known of levels, each time that it is asked for

Stretches = list[tuple[int, int]]


class Activity:
    """Loud is relative: to the floor between words, and to the words."""

    def __init__(self) -> None:
        self._levels = Tape()  # one a frame
        self._rest: Samples = np.zeros(0, np.float32)
        self._seen = np.zeros(BINS)  # frames of each level

    def feed(self, samples: Samples) -> None:
        """More of the stream."""
        sound = np.concatenate((self._rest, samples))
        whole = len(sound) // FRAME * FRAME
        self._rest = sound[whole:]
        self._heard(sound[:whole])

    def finish(self) -> None:
        """What does not fill a frame is one all the same."""
        self._heard(np.pad(self._rest, (0, -len(self._rest) % FRAME)))

    @property
    def end(self) -> int:
        """Up to which sample it has heard whole frames."""
        return self._levels.end * FRAME

    def _heard(self, sound: Samples) -> None:
        frames = sound.reshape(-1, FRAME)
        power = np.einsum("ij,ij->i", frames, frames) / FRAME
        levels = 10 * np.log10(np.maximum(power, 10 ** (QUIETEST / 10)))
        self._levels.append(levels)
        self._seen += np.bincount((levels - QUIETEST).astype(int), minlength=BINS)

    def speech(self, start: int, end: int) -> Stretches:
        """The stretches of speech between two samples, of which the first is never again asked for."""
        first, last = start // FRAME, -(-end // FRAME)
        before = max(0, first - MARGIN)
        levels = self._levels.cut(before, min(last + MARGIN, self._levels.end))
        self._levels.forget(before)
        near = np.convolve(levels > self._threshold(), np.ones(2 * MARGIN + 1))[MARGIN:-MARGIN] > 0
        edges = np.flatnonzero(np.diff(near[first - before : last - before].astype(np.int8), prepend=0, append=0))
        found = ((first + edges) * FRAME).clip(start, end).reshape(-1, 2)
        return [(int(a), int(b)) for a, b in found if a < b]

    def _threshold(self) -> float:
        floor = _percentile(self._seen, 0.1)
        # Where people speak seldom the loud frames alone tell how loud they speak.
        louder = np.where(np.arange(QUIETEST, QUIETEST + BINS) > floor + 6, self._seen, 0)
        stands_out = louder.sum() > KNOWN
        top = _percentile(louder if stands_out else self._seen, 0.95)
        self._seen *= FORGET
        return max(top - 36, min(floor + 0.3 * (top - floor), top - 12), FAINT if stands_out else STEADY)


def _percentile(seen: npt.NDArray[np.float64], share: float) -> float:
    sums = np.cumsum(seen)
    return QUIETEST + float(np.searchsorted(sums, share * sums[-1]))
