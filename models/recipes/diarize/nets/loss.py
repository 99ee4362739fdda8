"""What training aims at: voices apart by an angle, and two cuts of one voice next to each other."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SCALE = 30.0
PAIR_SCALE = 15.0
PAIR_SHARE, LESSON_SHARE = 0.4, 12.0


class Margin(nn.Module):
    """Additive angular margin: the right class must win although its angle counts as larger."""

    def __init__(self, centres: Tensor) -> None:
        super().__init__()
        self.centres = nn.Parameter(centres.clone())

    def forward(self, rows: Tensor, labels: Tensor, margin: float) -> Tensor:
        """Unit rows [B, width] and their classes -> the mean loss."""
        cosines = rows @ functional.normalize(self.centres, dim=-1).T
        right = cosines.gather(1, labels[:, None]).clamp(-1 + 1e-6, 1 - 1e-6)
        harder = torch.cos((torch.acos(right) + margin).clamp(max=torch.pi))
        return functional.cross_entropy(SCALE * cosines.scatter(1, labels[:, None], harder), labels)


def apart_from(rows: Tensor, lessons: Tensor) -> Tensor:
    """How far unit rows point from where a teacher says."""
    return (1 - (rows * lessons).sum(1)).mean()


def pairs(rows: Tensor) -> Tensor:
    """Rows come in twos, one voice each: every one must find its other among all."""
    likeness = PAIR_SCALE * rows[0::2] @ rows[1::2].T
    target = torch.arange(len(likeness))
    return (functional.cross_entropy(likeness, target) + functional.cross_entropy(likeness.T, target)) / 2
