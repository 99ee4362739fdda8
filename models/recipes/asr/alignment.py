"""Where a real voice says which word: found by warping a synthesiser's rendering, whose times are known, onto it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.recipes import sound
from models.recipes.asr import features
from models.recipes.asr.features import Floats
from models.recipes.asr.speech import Span, Speech
from models.recipes.sound import RATE_HZ, Audio

EDGE_S = 0.3
SNAP_FRAMES = 5  # of 20 ms
QUIET_DB = 14.0

Ints = NDArray[np.int64]


def aligned(audio: Audio, rendering: Speech) -> list[Span]:
    """The spans of the rendering's words in `audio`, moved to the quietest place nearby."""
    edge = np.zeros(int(EDGE_S * RATE_HZ), np.float32)
    given = _comparable(np.concatenate([edge, rendering.audio, edge]))
    places = path(1 - _comparable(audio) @ given.T)
    step_s = features.HOP / RATE_HZ
    levels = sound.frame_levels(audio)
    at_s = [[_snapped(places[_frame(t + EDGE_S, len(places))] * step_s, levels) for t in w] for w in rendering.words]
    return [(start_s, max(end_s, start_s + 0.02)) for start_s, end_s in at_s]


def _frame(at_s: float, count: int) -> int:
    return min(int(at_s * RATE_HZ / features.HOP), count - 1)


def _comparable(audio: Audio) -> Floats:
    """Features without the channel's colour, each frame of length one; loudness counts as one more band."""
    made = features.log_mel(sound.at_level(audio, -26))
    shapes = made - made.mean(0)
    loud = (made.mean(1, keepdims=True) - made.mean()) * 8
    together = np.concatenate([shapes, loud], 1)
    return np.asarray(together / (np.linalg.norm(together, axis=1, keepdims=True) + 0.3), np.float32)


def path(costs: NDArray[np.float32]) -> Ints:
    """For each column the middle of the rows that the cheapest warping pairs it with."""
    rows, columns = costs.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    for row, line in enumerate(costs.tolist(), 1):
        above, here = total[row - 1].tolist(), [np.inf]
        for column, cost in enumerate(line):
            here.append(cost + min(above[column], above[column + 1], here[column]))
        total[row] = here
    return _traced(total, rows, columns)


def _traced(total: NDArray[np.float64], row: int, column: int) -> Ints:
    low, high = np.zeros(column, np.int64), np.zeros(column, np.int64)
    high[column - 1] = row - 1
    while row > 1 or column > 1:
        steps = (total[row - 1, column - 1], total[row - 1, column], total[row, column - 1])
        step = int(np.argmin(steps))
        if step != 1:
            low[column - 1] = row - 1
        row, column = row - (step != 2), column - (step != 1)
        if step != 1:
            high[column - 1] = row - 1
    return (low + high) // 2


def _snapped(at_s: float, levels: NDArray[np.float64]) -> float:
    """The quietest of the frames around."""
    frame = min(int(at_s * RATE_HZ / sound.FRAME), len(levels) - 1)
    first = max(0, frame - SNAP_FRAMES)
    around = levels[first : frame + SNAP_FRAMES + 1]
    return float((first + int(np.argmin(around)) + 0.5) * sound.FRAME / RATE_HZ)


def is_clean(audio: Audio, start: int, end: int) -> bool:
    """Whether a word, in samples, begins and ends so quietly that it may be cut out."""
    levels = sound.frame_levels(audio)
    first, last = start // sound.FRAME, min(end // sound.FRAME, len(levels) - 1)
    if last - first < 6:
        return False
    return bool(max(levels[first], levels[last]) < levels[first : last + 1].max() - QUIET_DB)
