"""A GRU that trains fast on one core: bfloat16 products, and one product for all weight gradients.

The same arithmetic as `nn.GRU` and ONNX's GRU with `linear_before_reset`; gates in order r, z, n.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function


class Recurrence(Function):
    """h_t from the input's share of the gates [T, B, 3H]; returns every h [T, B, H]."""

    @staticmethod
    def forward(ctx: Any, given: Tensor, first: Tensor, matrix: Tensor, bias_n: Tensor) -> Tensor:
        """Forward, keeping what the gradient needs."""
        steps, rows, wide = given.shape
        size = wide // 3
        kind = given.dtype
        turned = matrix.to(kind).t()
        gates = given.new_empty(steps, rows, 2 * size, dtype=torch.float32)
        inner, new, hidden = (torch.empty(steps, rows, size) for _ in range(3))
        state = first
        for t in range(steps):
            echo = torch.mm(state.to(kind), turned)
            torch.sigmoid(torch.add(given[t, :, : 2 * size], echo[:, : 2 * size]).float(), out=gates[t])
            torch.add(echo[:, 2 * size :], bias_n, out=inner[t])
            torch.tanh(torch.addcmul(given[t, :, 2 * size :].float(), gates[t, :, :size], inner[t]), out=new[t])
            state = torch.lerp(new[t], state, gates[t, :, size:], out=hidden[t])
        ctx.save_for_backward(first, matrix, gates, inner, new, hidden)
        ctx.kind = kind
        return hidden

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The gradient."""
        first, matrix, gates, inner, new, hidden = ctx.saved_tensors
        steps, rows, size = hidden.shape
        kind = ctx.kind
        before = torch.cat([first[None], hidden[:-1]])
        reset, keep = gates[..., :size], gates[..., size:]
        # What multiplies dh at each step depends on no other step: worked out for all at once.
        by_new = (1 - keep) * (1 - new * new)
        by_keep = (before - new) * keep * (1 - keep)
        by_reset = inner * reset * (1 - reset)
        weights = matrix.to(kind)
        echo = torch.empty(steps, rows, 3 * size)
        given_new = torch.empty(steps, rows, size)
        state = torch.zeros(rows, size)
        for t in range(steps - 1, -1, -1):
            state = state + grad[t]
            torch.mul(state, by_new[t], out=given_new[t])
            torch.mul(given_new[t], by_reset[t], out=echo[t, :, :size])
            torch.mul(state, by_keep[t], out=echo[t, :, size : 2 * size])
            torch.mul(given_new[t], reset[t], out=echo[t, :, 2 * size :])
            state = torch.addcmul(torch.mm(echo[t].to(kind), weights), state, keep[t])
        flat = echo.reshape(-1, 3 * size)
        matrix_grad = torch.mm(flat.to(kind).t(), before.reshape(-1, size).to(kind)).float()
        bias_grad = flat[:, 2 * size :].sum(0)
        given_grad = torch.cat([echo[..., : 2 * size], given_new], dim=-1).to(kind)
        return given_grad, state, matrix_grad, bias_grad


class Recurrent(nn.Module):
    """One GRU layer, time first. `swift` takes bfloat16 products; exported numbers never do."""

    def __init__(self, inputs: int, size: int) -> None:
        super().__init__()
        self.size, self.swift = size, True
        self.given = nn.Linear(inputs, 3 * size)
        self.matrix = nn.Parameter(torch.empty(3 * size, size))
        self.bias_n = nn.Parameter(torch.zeros(size))
        nn.init.xavier_uniform_(self.given.weight)
        nn.init.zeros_(self.given.bias)
        for block in self.matrix.data.chunk(3):
            nn.init.orthogonal_(block)

    def forward(self, inputs: Tensor, first: Tensor) -> Tensor:
        """Every hidden state, from the one before."""
        kind = torch.bfloat16 if self.swift and self.training else torch.float32
        given = nn.functional.linear(inputs.to(kind), self.given.weight.to(kind), self.given.bias.to(kind))
        states: Tensor = Recurrence.apply(given, first, self.matrix, self.bias_n)
        return states
