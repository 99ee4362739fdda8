"""The layers of an encoder-decoder as CTranslate2 runs it: pre-norm, without biases. Knows neither sound nor text.

Computes in the dtype of its input over float32 weights; the residual stream belongs to whoever stacks the layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

Activation = Callable[[Tensor], Tensor]
HIDDEN = -1e4  # a bias that hides a position, within reach of bfloat16


@dataclass(frozen=True)
class Size:
    """How wide a layer is, how many heads it has, and what its feed-forward part does."""

    width: int
    heads: int
    hidden: int
    activation: Activation


class Linear(nn.Module):
    """A bias-free projection whose float32 weight is cast once a step."""

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * gain / math.sqrt(inputs))

    def forward(self, x: Tensor) -> Tensor:
        """Project."""
        return functional.linear(x, self.weight.to(x.dtype))


class Norm(nn.Module):
    """Layer normalisation in the dtype of its input."""

    def __init__(self, width: int, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), gain))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise."""
        return functional.layer_norm(x, x.shape[-1:], self.weight.to(x.dtype), self.bias.to(x.dtype), 1e-5)


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """Attention over [batch, heads, length, size], and its weights; plain bmm, whose backward is fast on a CPU."""
    batch, heads, length, size = query.shape
    q, k, v = (part.reshape(batch * heads, -1, size) for part in (query, key, value))
    scores = torch.bmm(q * (1.0 / math.sqrt(size)), k.transpose(1, 2))
    if bias is not None:
        scores = (scores.view(batch, heads, length, -1) + bias).view_as(scores)
    weights = torch.softmax(scores, -1)
    mixed = torch.bmm(weights, v).view(batch, heads, length, size).transpose(1, 2)
    return mixed.reshape(batch, length, heads * size), weights.view(batch, heads, length, -1)


class SelfAttention(nn.Module):
    """Query, key and value in one projection."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.norm = Norm(size.width)
        self.inputs = Linear(size.width, 3 * size.width)
        self.output = Linear(size.width, size.width, gain=0.3)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Mix positions of one sequence."""
        batch, length, width = x.shape
        parts = self.inputs(self.norm(x)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).contiguous()
        mixed: Tensor = self.output(attend(query, key, value, bias)[0])
        return mixed


class CrossAttention(nn.Module):
    """Queries from the decoder, keys and values from what the encoder made."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.norm = Norm(size.width)
        self.query = Linear(size.width, size.width)
        self.memory = Linear(size.width, 2 * size.width)
        self.output = Linear(size.width, size.width, gain=0.3)

    def forward(self, x: Tensor, source: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        """Look from the target at the source, and say where."""
        batch, length, width = x.shape
        size = width // self.heads
        query = self.query(self.norm(x)).view(batch, length, self.heads, size).transpose(1, 2)
        parts = self.memory(source).view(batch, source.shape[1], 2, self.heads, size)
        key, value = parts.permute(2, 0, 3, 1, 4).contiguous()
        mixed, weights = attend(query, key, value, bias)
        return self.output(mixed), weights


class FeedForward(nn.Module):
    """Two projections around an activation."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.norm, self.activation = Norm(size.width), size.activation
        self.inner = Linear(size.width, size.hidden)
        self.outer = Linear(size.hidden, size.width, gain=0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Each position by itself."""
        fed: Tensor = self.outer(self.activation(self.inner(self.norm(x))))
        return fed


class EncoderLayer(nn.Module):
    """Attention and feed-forward."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.attention, self.feed = SelfAttention(size), FeedForward(size)


class DecoderLayer(nn.Module):
    """The same with a look at the source between them."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.attention, self.cross, self.feed = SelfAttention(size), CrossAttention(size), FeedForward(size)


class Stacked(nn.Module):
    """An encoder and a decoder; what goes in and comes out belongs to whoever builds on it."""

    def __init__(self, size: Size, encoders: int, decoders: int, last_gain: float = 1.0) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(EncoderLayer(size) for _ in range(encoders))
        self.decoders = nn.ModuleList(DecoderLayer(size) for _ in range(decoders))
        self.encoder_norm = Norm(size.width)
        self.decoder_norm = Norm(size.width, last_gain)

    def encoder_layers(self) -> list[EncoderLayer]:
        """The encoder, typed."""
        return [cast(EncoderLayer, layer) for layer in self.encoders]

    def decoder_layers(self) -> list[DecoderLayer]:
        """The decoder, typed."""
        return [cast(DecoderLayer, layer) for layer in self.decoders]


def future(length: int, dtype: torch.dtype) -> Tensor:
    """Hides from every position what follows it."""
    return torch.full((length, length), HIDDEN, dtype=dtype).triu(1)


def sinusoids(positions: int, width: int) -> Tensor:
    """Fixed position encodings: first half sines, second half cosines."""
    rates = torch.exp(torch.arange(width // 2) * (-math.log(10000.0) / (width // 2 - 1)))
    angles = torch.arange(positions)[:, None] * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)
