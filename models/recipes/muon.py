"""Muon for the hidden matrices, Adam for the rest, in one optimiser.

Muon replaces a matrix's momentum by the nearest orthogonal matrix, so that every direction of it
learns at the same pace. Newton-Schulz finds it with matrix products alone, in half precision where that is fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from models.recipes.machine import half

# The quintic of the Muon write-up: steep at zero, loose around one.
_A, _B, _C = 3.4445, -4.7750, 2.0315


def orthogonal(stack: Tensor, rounds: int = 5) -> Tensor:
    """The nearest (semi-)orthogonal matrices to a stack of [rows, columns], rows <= columns."""
    x = stack / (stack.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.to(half(x.device.type))
    for _ in range(rounds):
        gram = torch.bmm(x, x.transpose(1, 2))
        x = _A * x + torch.bmm(_B * gram + _C * torch.bmm(gram, gram), x)
    found: Tensor = x.float()
    return found


class Muon(torch.optim.Optimizer):
    """`lr` drives Adam's side; the matrices step at `lr * ratio`, so one schedule serves both."""

    def __init__(
        self, matrices: Iterable[nn.Parameter], rest: Iterable[nn.Parameter], lr: float, ratio: float = 2.0
    ) -> None:
        defaults = {"lr": lr, "ratio": ratio, "momentum": 0.95, "betas": (0.9, 0.98), "decay": 0.05}
        groups = [{"params": list(matrices), "matrix": True}, {"params": list(rest), "matrix": False}]
        super().__init__(groups, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        """One update of everything."""
        for group in self.param_groups:
            (self._step_matrices if group["matrix"] else self._step_rest)(group)

    def _step_matrices(self, group: dict[str, Any]) -> None:
        """All matrices of one shape go through Newton-Schulz as one batch."""
        stacks: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = {}
        for parameter in group["params"]:
            for slot, part in enumerate(_squares(self._nesterov(parameter, group["momentum"]))):
                stacks.setdefault((part.shape[0], part.shape[1]), []).append((_squares(parameter)[slot], part))
        rate = group["lr"] * group["ratio"]
        for shape, members in stacks.items():
            updates = orthogonal(torch.stack([part for _, part in members]))
            # An orthogonal update moves entries by 1/sqrt(longer side); bring that to Adam's usual pace.
            scale = 0.2 * max(shape) ** 0.5
            for (parameter, _), update in zip(members, updates, strict=True):
                parameter.mul_(1.0 - rate * group["decay"]).add_(update, alpha=-rate * scale)

    def _nesterov(self, parameter: nn.Parameter, momentum: float) -> Tensor:
        assert parameter.grad is not None
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(parameter.grad, 1.0 - momentum)
        return parameter.grad.lerp(state["momentum"], momentum)

    def _step_rest(self, group: dict[str, Any]) -> None:
        for parameter in group["params"]:
            self._adam(parameter, group["lr"], *group["betas"])

    def _adam(self, parameter: nn.Parameter, rate: float, first: float, second: float) -> None:
        assert parameter.grad is not None
        state = self.state[parameter]
        if not state:
            state.update(step=0, mean=torch.zeros_like(parameter), square=torch.zeros_like(parameter))
        state["step"] += 1
        state["mean"].lerp_(parameter.grad, 1.0 - first)
        state["square"].mul_(second).addcmul_(parameter.grad, parameter.grad, value=1.0 - second)
        size = rate / (1.0 - first ** state["step"])
        spread = (state["square"] / (1.0 - second ** state["step"])).sqrt_().add_(1e-9)
        parameter.addcdiv_(state["mean"], spread, value=-size)


def _squares(matrix: Tensor) -> list[Tensor]:
    """Views with rows <= columns; a fused projection (q, k, v) counts as its separate matrices."""
    rows, columns = matrix.shape
    if rows in (2 * columns, 3 * columns):
        return list(torch.split(matrix, columns))
    return [matrix.t()] if rows > columns else [matrix]
