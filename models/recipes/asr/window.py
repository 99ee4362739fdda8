"""What an encoder is shown: the log-mel rows that the service computes, and rows of nothing behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recipes.sound import RATE_HZ, Audio
from services.asr.model.features import LogMel

FULL = 3000  # rows of 30 s
HOP = 160
PER_S = RATE_HZ // HOP
MEL = LogMel()

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """The rows of some audio."""

    rows: Rows

    @classmethod
    def of(cls, audio: Audio) -> Window:
        """At most 30 s of it."""
        return cls(MEL.show(audio)[:FULL])

    @property
    def frames(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def length(self, rest_s: float) -> int:
        """Rows with so much silence behind, an even number of them: the encoder takes two at a time."""
        wanted = self.frames + round(rest_s * PER_S)
        return min(FULL, wanted + wanted % 2)


def view(rows: Rows, length: int) -> Rows:
    """[1, bands, length] with zeros behind, which engines take for silence."""
    shown = np.zeros((1, rows.shape[1], length), np.float32)
    shown[0, :, : min(length, len(rows))] = rows[:length].T
    return shown
