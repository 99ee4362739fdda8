"""The network: Whisper's encoder-decoder in bfloat16 over float32 weights.

Shaped so that CTranslate2 runs it unchanged: two convolutions, fixed positions, pre-norm layers with
GELU, tied embeddings. Knows nothing of audio or text; features and token ids come in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

COMPUTE = torch.bfloat16  # what training computes in; a float32 twin sets `compute`
SAMPLED = 12  # positions that stand for all the padding


@dataclass(frozen=True)
class Shape:
    """Every size of the network; written beside checkpoints so that export needs nothing else."""

    vocabulary: int
    mels: int = 80
    width: int = 256
    heads: int = 4
    hidden: int = 1024
    encoders: int = 6
    decoders: int = 2
    phones: int = 41
    positions: int = 1500
    longest: int = 448
    dropout: float = 0.1


@dataclass(frozen=True)
class Heard:
    """What the encoder made: states, and the attention bias of each position where they do not count alike."""

    states: Tensor
    bias: Tensor | None
    places: int  # how many of the positions are real


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

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise."""
        return functional.layer_norm(x, x.shape[-1:], self.weight.to(x.dtype), self.bias.to(x.dtype), 1e-5)


class Convolution(nn.Module):
    """Three frames wide, written as one matrix product: that is what a CPU is fast at. [batch, frames, channels]."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(torch.randn(outputs, 3 * inputs) / math.sqrt(3 * inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, then GELU."""
        padded = functional.pad(x, (0, 0, 1, 1))
        count = (x.shape[1] - 1) // self.stride + 1
        last = (count - 1) * self.stride + 1
        taps = torch.cat([padded[:, tap : tap + last : self.stride] for tap in range(3)], dim=2)
        return functional.gelu(functional.linear(taps, self.weight.to(x.dtype), self.bias.to(x.dtype)))


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """Attention over [batch, heads, length, size], and its weights; plain bmm, whose backward is fast on a CPU."""
    batch, heads, length, size = query.shape
    q, k, v = (part.reshape(batch * heads, -1, size) for part in (query, key, value))
    scores = torch.bmm(q * (1.0 / math.sqrt(size)), k.transpose(1, 2))
    weights = torch.softmax(scores if bias is None else scores + bias, -1)
    mixed = torch.bmm(weights, v).view(batch, heads, length, size).transpose(1, 2)
    return mixed.reshape(batch, length, heads * size), weights.view(batch, heads, length, -1)


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
        mixed: Tensor = self.output(attend(query, key, value, bias)[0])
        return mixed


class CrossAttention(nn.Module):
    """Queries from the text, keys and values from the audio."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.norm = Norm(shape.width)
        self.query = Linear(shape.width, shape.width)
        self.memory = Linear(shape.width, 2 * shape.width)
        self.output = Linear(shape.width, shape.width, gain=0.3)

    def forward(self, x: Tensor, heard: Heard) -> tuple[Tensor, Tensor]:
        """Look from the text at the audio, and say where."""
        batch, length, width = x.shape
        size = width // self.heads
        query = self.query(self.norm(x)).view(batch, length, self.heads, size).transpose(1, 2)
        parts = self.memory(heard.states).view(batch, heard.states.shape[1], 2, self.heads, size)
        key, value = parts.permute(2, 0, 3, 1, 4).contiguous()
        mixed, weights = attend(query, key, value, heard.bias)
        return self.output(mixed), weights


class FeedForward(nn.Module):
    """Two projections around a GELU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norm = Norm(shape.width)
        self.inner = Linear(shape.width, shape.hidden)
        self.outer = Linear(shape.hidden, shape.width, gain=0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Each position by itself."""
        fed: Tensor = self.outer(functional.gelu(self.inner(self.norm(x))))
        return fed


class EncoderLayer(nn.Module):
    """Attention and feed-forward; the residual stream belongs to the Recogniser."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention, self.feed = SelfAttention(shape), FeedForward(shape)


class DecoderLayer(nn.Module):
    """The same with a look at the audio between them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention, self.cross, self.feed = SelfAttention(shape), CrossAttention(shape), FeedForward(shape)


class Recogniser(nn.Module):
    """Features to states, and tokens to hidden states; `logits` turns those into scores."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape, self.compute = shape, COMPUTE
        self.first, self.second = Convolution(shape.mels, shape.width, 1), Convolution(shape.width, shape.width, 2)
        self.encoders = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.encoders))
        self.encoder_norm = Norm(shape.width)
        self.phones = nn.Linear(shape.width, shape.phones)
        self.embedding = nn.Parameter(torch.randn(shape.vocabulary, shape.width) * 0.05)
        self.places = nn.Parameter(torch.randn(shape.longest, shape.width) * 0.01)
        self.decoders = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.decoders))
        self.decoder_norm = Norm(shape.width)
        self.positions: Tensor
        self.register_buffer("positions", sinusoids(shape.positions, shape.width), persistent=False)

    def encoder_layers(self) -> list[EncoderLayer]:
        """The encoder, typed."""
        return [cast(EncoderLayer, layer) for layer in self.encoders]

    def decoder_layers(self) -> list[DecoderLayer]:
        """The decoder, typed."""
        return [cast(DecoderLayer, layer) for layer in self.decoders]

    def encode(self, features: Tensor, padded: bool = False) -> Heard:
        """[batch, frames, mels] as the decoder will look at it; `padded`: as if zeros went on to the last position."""
        x = self.second(self.first(features.to(self.compute)))
        places = x.shape[1]
        x, bias = (x + self.positions[:places].to(x.dtype), None) if not padded else self._padded(x)
        for layer in self.encoder_layers():
            x = x + self._drop(layer.attention(x, bias))
            x = x + self._drop(layer.feed(x))
        return Heard(self.encoder_norm(x), bias, places)

    def _padded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """A few positions stand for all the padding, each counting in every softmax as often as it stands for."""
        batch, places, _ = x.shape
        nothing = torch.zeros(1, 8, self.shape.mels, dtype=x.dtype)
        empty = self.second(self.first(nothing))[:, 2:3]
        left = self.shape.positions - places
        offsets = (torch.arange(SAMPLED) + torch.rand(SAMPLED)) * left / SAMPLED
        sampled = self.positions[places + offsets.long()].to(x.dtype)
        x = torch.cat([x + self.positions[:places].to(x.dtype), (empty + sampled).expand(batch, -1, -1)], 1)
        bias = torch.cat([torch.zeros(places), torch.full((SAMPLED,), math.log(left / SAMPLED))])
        return x, bias.to(x.dtype)

    def decode(self, tokens: Tensor, heard: Heard) -> tuple[Tensor, list[Tensor]]:
        """Hidden states of every token, none seeing what follows it, and where each layer looked."""
        x = (functional.embedding(tokens, self.embedding) + self.places[: tokens.shape[1]]).to(self.compute)
        future = torch.full((tokens.shape[1],) * 2, -1e4, dtype=self.compute).triu(1)
        looks = []
        for layer in self.decoder_layers():
            x = x + self._drop(layer.attention(x, future))
            seen, weights = layer.cross(x, heard)
            looks.append(weights)
            x = x + self._drop(seen)
            x = x + self._drop(layer.feed(x))
        return self.decoder_norm(x), looks

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of every token."""
        return functional.linear(hidden, self.embedding.to(hidden.dtype))

    def phone_scores(self, heard: Heard) -> Tensor:
        """Scores of every phone at every real position, in float32."""
        scores: Tensor = self.phones(heard.states[:, : heard.places].float())
        return scores

    def _drop(self, x: Tensor) -> Tensor:
        """Whole channels at a time: as good against rote learning, and nearly free."""
        if not self.training or not self.shape.dropout:
            return x
        keep = 1 - self.shape.dropout
        mask = torch.bernoulli(torch.full((x.shape[0], 1, x.shape[2]), keep)) / keep
        return x * mask.to(x.dtype)


def sinusoids(positions: int, width: int) -> Tensor:
    """Fixed position encodings: first half sines, second half cosines."""
    rates = torch.exp(torch.arange(width // 2) * (-math.log(10000.0) / (width // 2 - 1)))
    angles = torch.arange(positions)[:, None] * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)
