"""The network: a pre-norm encoder-decoder in bfloat16 over float32 weights.

Shaped so that CTranslate2 runs it unchanged: tied embeddings, sinusoidal positions, ReLU, no
biases. Knows nothing of text; token ids come in, hidden states go out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

PAD = 0
COMPUTE = torch.bfloat16  # what training computes in; a float32 twin sets `compute`


@dataclass(frozen=True)
class Shape:
    """Every size of the network; written into checkpoints so that export needs nothing else."""

    pieces: int = 6144
    width: int = 256
    heads: int = 4
    hidden: int = 1024
    encoders: int = 6
    decoders: int = 2
    dropout: float = 0.1
    positions: int = 512


class Masks:
    """Dropout from a tape of random masks: drawing fresh ones costs more than the layers they drop."""

    def __init__(self, rate: float, length: int = 1 << 23) -> None:
        self._keep, self._length = 1.0 - rate, length
        self._generator = torch.Generator().manual_seed(1)
        self._tape = self._draw()
        self._uses = 0

    def _draw(self) -> Tensor:
        draws = torch.rand(self._length, generator=self._generator)
        return ((draws < self._keep).float() / self._keep).to(COMPUTE)

    def drop(self, x: Tensor) -> Tensor:
        """A random stretch of the tape over x; the tape is redrawn after some thousands of uses."""
        self._uses += 1
        if self._uses % 20000 == 0:
            self._tape = self._draw()
        room = self._length - x.numel()
        if room <= 0:
            return functional.dropout(x, 1.0 - self._keep)
        start = int(torch.randint(room, (1,)))
        return x * self._tape[start : start + x.numel()].view(x.shape)


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


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
    """Attention over [batch, heads, length, size]; plain bmm, whose backward is fast on a CPU."""
    batch, heads, length, size = query.shape
    q, k, v = (part.reshape(batch * heads, -1, size) for part in (query, key, value))
    scores = torch.bmm(q * (1.0 / math.sqrt(size)), k.transpose(1, 2))
    if bias is not None:
        scores = (scores.view(batch, heads, length, -1) + bias).view_as(scores)
    mixed = torch.bmm(torch.softmax(scores, -1), v)
    return mixed.view(batch, heads, length, size).transpose(1, 2).reshape(batch, length, heads * size)


class SelfAttention(nn.Module):
    """Query, key and value in one projection."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.norm = Norm(shape.width)
        self.inputs = Linear(shape.width, 3 * shape.width)
        self.output = Linear(shape.width, shape.width, gain=0.3)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Mix positions of one sequence."""
        batch, length, width = x.shape
        parts = self.inputs(self.norm(x)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).contiguous()
        mixed: Tensor = self.output(attend(query, key, value, bias))
        return mixed


class CrossAttention(nn.Module):
    """Queries from the target, keys and values from the encoded source."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.norm = Norm(shape.width)
        self.query = Linear(shape.width, shape.width)
        self.memory = Linear(shape.width, 2 * shape.width)
        self.output = Linear(shape.width, shape.width, gain=0.3)

    def forward(self, x: Tensor, source: Tensor, bias: Tensor | None) -> Tensor:
        """Look from the target at the source."""
        batch, length, width = x.shape
        size = width // self.heads
        query = self.query(self.norm(x)).view(batch, length, self.heads, size).transpose(1, 2)
        parts = self.memory(source).view(batch, source.shape[1], 2, self.heads, size)
        key, value = parts.permute(2, 0, 3, 1, 4).contiguous()
        mixed: Tensor = self.output(attend(query, key, value, bias))
        return mixed


class FeedForward(nn.Module):
    """Two projections around a ReLU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norm = Norm(shape.width)
        self.inner = Linear(shape.width, shape.hidden)
        self.outer = Linear(shape.hidden, shape.width, gain=0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Each position by itself."""
        fed: Tensor = self.outer(functional.relu(self.inner(self.norm(x))))
        return fed


class EncoderLayer(nn.Module):
    """Attention and feed-forward; the residual stream belongs to the Translator."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention, self.feed = SelfAttention(shape), FeedForward(shape)


class DecoderLayer(nn.Module):
    """The same with a look at the source between them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention, self.cross, self.feed = SelfAttention(shape), CrossAttention(shape), FeedForward(shape)


class Translator(nn.Module):
    """Source and target ids in, target hidden states out; `logits` turns those into scores."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Parameter(torch.randn(shape.pieces, shape.width) / math.sqrt(shape.width))
        self.encoders = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.encoders))
        self.decoders = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.decoders))
        self.encoder_norm = Norm(shape.width)
        # Tied embeddings and a full gain would start with wild logits and waste the warm-up.
        self.decoder_norm = Norm(shape.width, gain=0.3)
        self.positions: Tensor
        self.register_buffer("positions", sinusoids(shape.positions, shape.width), persistent=False)
        self._masks = Masks(shape.dropout)
        self.compute = COMPUTE

    def encoder_layers(self) -> list[EncoderLayer]:
        """The encoder, typed."""
        return [cast(EncoderLayer, layer) for layer in self.encoders]

    def decoder_layers(self) -> list[DecoderLayer]:
        """The decoder, typed."""
        return [cast(DecoderLayer, layer) for layer in self.decoders]

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Hidden states for every target position; `target` starts with the start token."""
        padding = padding_bias(source, self.compute)
        return self.decode(target, self.encode(source, padding), padding)

    def encode(self, source: Tensor, padding: Tensor | None) -> Tensor:
        """The source as the decoder will look at it."""
        x = self._embed(source)
        for layer in self.encoder_layers():
            x = x + self._drop(layer.attention(x, padding))
            x = x + self._drop(layer.feed(x))
        normed: Tensor = self.encoder_norm(x)
        return normed

    def decode(self, target: Tensor, source: Tensor, padding: Tensor | None) -> Tensor:
        """Hidden states of every target position, none seeing what follows it."""
        x = self._embed(target)
        future = torch.full((target.shape[1],) * 2, -1e4, dtype=self.compute).triu(1)
        for layer in self.decoder_layers():
            x = x + self._drop(layer.attention(x, future))
            x = x + self._drop(layer.cross(x, source, padding))
            x = x + self._drop(layer.feed(x))
        normed: Tensor = self.decoder_norm(x)
        return normed

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of every piece."""
        return functional.linear(hidden, self.embedding.to(hidden.dtype))

    def _embed(self, ids: Tensor) -> Tensor:
        scaled = functional.embedding(ids, self.embedding) * math.sqrt(self.shape.width)
        return self._drop((scaled + self.positions[: ids.shape[1]]).to(self.compute))

    def _drop(self, x: Tensor) -> Tensor:
        return self._masks.drop(x) if self.training and self.shape.dropout else x


def padding_bias(source: Tensor, dtype: torch.dtype) -> Tensor | None:
    """Hides padding; None where a batch has none, which is most of them."""
    padded = source == PAD
    return torch.where(padded, -1e4, 0.0).to(dtype)[:, None, None, :] if bool(padded.any()) else None


def sinusoids(positions: int, width: int) -> Tensor:
    """Fixed position encodings, small beside the embeddings: first half sines, second half cosines."""
    rates = torch.exp(torch.arange(width // 2) * (-math.log(10000.0) / (width // 2 - 1)))
    angles = torch.arange(positions)[:, None] * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)
