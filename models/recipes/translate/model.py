"""The network: a pre-norm encoder-decoder in bfloat16 over float32 weights.

Shaped so that CTranslate2 runs it unchanged: tied embeddings, sinusoidal positions, ReLU, no
biases. Knows nothing of text; token ids come in, hidden states go out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.recipes.layers import HIDDEN, Size, Stacked, future, sinusoids

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
        self._tape = torch.empty(0)
        self._uses = 0

    def _draw(self) -> Tensor:
        draws = torch.rand(self._length)
        return ((draws < self._keep).float() / self._keep).to(COMPUTE)

    def drop(self, x: Tensor) -> Tensor:
        """A random stretch of the tape over x; the tape is redrawn after some thousands of uses."""
        # The first time, not before: by then it is known where the model lives.
        if self._uses % 20000 == 0:
            self._tape = self._draw()
        self._uses += 1
        room = self._length - x.numel()
        if room <= 0:
            return functional.dropout(x, 1.0 - self._keep)
        start = int(torch.randint(room, (1,), device="cpu"))
        return x * self._tape[start : start + x.numel()].view(x.shape)


class Translator(Stacked):
    """Source and target ids in, target hidden states out; `logits` turns those into scores."""

    def __init__(self, shape: Shape) -> None:
        size = Size(shape.width, shape.heads, shape.hidden, functional.relu)
        # Tied embeddings and a full gain would start with wild logits and waste the warm-up.
        super().__init__(size, shape.encoders, shape.decoders, last_gain=0.3)
        self.shape = shape
        self.embedding = nn.Parameter(torch.randn(shape.pieces, shape.width) / math.sqrt(shape.width))
        self.positions: Tensor
        self.register_buffer("positions", sinusoids(shape.positions, shape.width), persistent=False)
        self._masks = Masks(shape.dropout)
        self.compute = COMPUTE

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
        hidden = future(target.shape[1], self.compute)
        for layer in self.decoder_layers():
            x = x + self._drop(layer.attention(x, hidden))
            x = x + self._drop(layer.cross(x, source, padding)[0])
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
    return torch.where(padded, HIDDEN, 0.0).to(dtype)[:, None, None, :] if bool(padded.any()) else None
