"""The diarization error rate: every frame counts, no collar, overlap scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from models.recipes.diarize.sound.speakers import Turn

FRAMES_A_SECOND = 100


@dataclass(frozen=True)
class Errors:
    """Frames of speech missed, invented and given to the wrong voice, of so many in all."""

    missed: float = 0
    false: float = 0
    confused: float = 0
    total: float = 0

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            self.missed + other.missed,
            self.false + other.false,
            self.confused + other.confused,
            self.total + other.total,
        )

    @property
    def rate(self) -> float:
        """The diarization error rate in percent."""
        return 100 * (self.missed + self.false + self.confused) / max(self.total, 1)

    def shares(self) -> dict[str, float]:
        """Percent of all speech, by kind."""
        parts = {"der": self.rate} | {
            name: 100 * getattr(self, name) / max(self.total, 1) for name in ("missed", "false", "confused")
        }
        return {name: round(value, 2) for name, value in parts.items()}


def errors(truth: Sequence[Turn], said: Sequence[Turn], seconds: float) -> Errors:
    """Score one recording under the best one-to-one naming of its voices."""
    wanted, given = painted(truth, seconds), painted(said, seconds)
    together = wanted.astype(float) @ given.T.astype(float)
    right = together[linear_sum_assignment(-together)].sum() if together.size else 0.0
    speaking, claimed = wanted.sum(0), given.sum(0)
    return Errors(
        missed=float(np.maximum(speaking - claimed, 0).sum()),
        false=float(np.maximum(claimed - speaking, 0).sum()),
        confused=float(np.minimum(speaking, claimed).sum() - right),
        total=float(speaking.sum()),
    )


def painted(turns: Sequence[Turn], seconds: float) -> NDArray[np.int64]:
    """[voices, frames]: one where a voice speaks."""
    names = sorted({name for name, _, _ in turns})
    out = np.zeros((len(names), round(seconds * FRAMES_A_SECOND)), np.int64)
    for name, start, end in turns:
        out[names.index(name), round(start * FRAMES_A_SECOND) : round(end * FRAMES_A_SECOND)] = 1
    return out
