"""Label-smoothed cross-entropy straight from hidden states, never holding all the logits.

Each chunk's logits stay in cache while its loss and its gradient are made, so six thousand
pieces cost little more than their two matrix products.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

CHUNK = 256  # rows whose logits stay in a core's cache
CARD = 16384  # rows that keep a card busy


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        cast = weight.to(hidden.dtype)
        d_hidden, d_weight = torch.empty_like(hidden), torch.zeros_like(weight)
        total = torch.zeros((), dtype=torch.float64)
        rows = CARD if hidden.is_cuda else CHUNK
        for start in range(0, hidden.shape[0], rows):
            piece, wanted = hidden[start : start + rows], labels[start : start + rows]
            slope, value = _slope(piece @ cast.t(), wanted, smoothing)
            total += value
            torch.mm(slope, cast, out=d_hidden[start : start + rows])
            d_weight += slope.t() @ piece
        ctx.save_for_backward(d_hidden, d_weight)
        ctx.count = labels.numel()
        loss: Tensor = (total / ctx.count).float()
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        d_hidden, d_weight = ctx.saved_tensors
        scale = grads[0] / ctx.count
        return d_hidden * scale.to(d_hidden.dtype), d_weight * scale, None, None


def _slope(logits: Tensor, wanted: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """The gradient of the summed loss by the logits, and the sum itself (smoothing left out of it)."""
    logs = torch.log_softmax(logits, -1)
    index = wanted[:, None]
    value = -logs.gather(1, index).float().sum().double()
    slope = logs.exp_().sub_(smoothing / logits.shape[1])
    slope.scatter_add_(1, index, torch.full_like(index, -(1.0 - smoothing), dtype=slope.dtype))
    return slope, value


def cross_entropy(hidden: Tensor, weight: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Mean negative log-likelihood of `labels`; its gradient is that of the smoothed loss."""
    loss: Tensor = _ChunkedCrossEntropy.apply(hidden, weight, labels, smoothing)
    return loss
