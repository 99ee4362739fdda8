"""The network: Whisper's encoder-decoder in bfloat16 over float32 weights.

Shaped so that CTranslate2 runs it unchanged: two convolutions, fixed positions, pre-norm layers with
GELU, tied embeddings. Knows nothing of audio or text; features and token ids come in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.recipes.layers import Size, Stacked, future, sinusoids

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


class Recogniser(Stacked):
    """Features to states, and tokens to hidden states; `logits` turns those into scores."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(Size(shape.width, shape.heads, shape.hidden, functional.gelu), shape.encoders, shape.decoders)
        self.shape, self.compute = shape, COMPUTE
        self.first, self.second = Convolution(shape.mels, shape.width, 1), Convolution(shape.width, shape.width, 2)
        self.phones = nn.Linear(shape.width, shape.phones)
        self.embedding = nn.Parameter(torch.randn(shape.vocabulary, shape.width) * 0.05)
        self.places = nn.Parameter(torch.randn(shape.longest, shape.width) * 0.01)
        self.positions: Tensor
        self.register_buffer("positions", sinusoids(shape.positions, shape.width), persistent=False)

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
        hidden = future(tokens.shape[1], self.compute)
        looks = []
        for layer in self.decoder_layers():
            x = x + self._drop(layer.attention(x, hidden))
            seen, weights = layer.cross(x, heard.states, heard.bias)
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
