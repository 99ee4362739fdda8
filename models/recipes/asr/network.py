"""Whisper in PyTorch, its weights under the names that CTranslate2 stores them by. Knows no sound and no text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

HEADS = 6
CONVOLUTIONS = ("encoder/conv1", "encoder/conv2")

Stored = Mapping[str, NDArray[Any]]


class Weights(nn.Module):
    """Tensors by their stored name. Slashes become colons, as PyTorch wants it; dots would split a name."""

    def __init__(self, stored: Stored, prefix: str, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        for name, value in stored.items():
            if name.startswith(prefix) and value.ndim:
                self.register_parameter(self._name(name), nn.Parameter(torch.from_numpy(value.astype("f4"))))

    @staticmethod
    def _name(stored: str) -> str:
        return stored.replace("/", ":")

    @staticmethod
    def stored_name(name: str) -> str:
        """Back to how it is stored."""
        return name.replace(":", "/")

    def of(self, name: str) -> Tensor:
        """One of them, in the precision that is computed in."""
        weight: Tensor = getattr(self, self._name(name))
        return weight.to(self.dtype)

    def linear(self, x: Tensor, name: str) -> Tensor:
        """A projection."""
        return functional.linear(x, self.of(f"{name}/weight"), self.of(f"{name}/bias"))

    def norm(self, x: Tensor, name: str) -> Tensor:
        """A layer normalisation."""
        gamma, beta = self.of(f"{name}/layer_norm/gamma"), self.of(f"{name}/layer_norm/beta")
        return functional.layer_norm(x, x.shape[-1:], gamma, beta)

    def feed_forward(self, x: Tensor, name: str) -> Tensor:
        """Each position by itself."""
        inner = functional.gelu(self.linear(self.norm(x, name), f"{name}/linear_0"))
        return x + self.linear(inner, f"{name}/linear_1")


class Encoder(Weights):
    """Log-mel features [batch, bands, frames] -> states [batch, frames / 2, width], however short."""

    def __init__(self, stored: Stored, dtype: torch.dtype = torch.float32) -> None:
        super().__init__(stored, "encoder/", dtype)
        self.layers = layers(stored, "encoder/")

    def forward(self, features: Tensor) -> Tensor:
        """Listen."""
        x = features.to(self.dtype)
        for name, stride in zip(CONVOLUTIONS, (1, 2), strict=True):
            weight, bias = self.of(f"{name}/weight"), self.of(f"{name}/bias")
            x = functional.gelu(functional.conv1d(x, weight, bias, stride, padding=1))
        x = x.transpose(1, 2)
        x = x + self.of("encoder/position_encodings/encodings")[: x.shape[1]]
        for name in self.layers:
            x = x + self._attention(x, f"{name}/self_attention")
            x = self.feed_forward(x, f"{name}/ffn")
        return self.norm(x, "encoder")

    def _attention(self, x: Tensor, name: str) -> Tensor:
        query, key, value = heads(self.linear(self.norm(x, name), f"{name}/linear_0"), 3)
        return self.linear(joined(functional.scaled_dot_product_attention(query, key, value)), f"{name}/linear_1")


class Decoder(Weights):
    """Tokens and the encoder's states -> the last hidden states, and from them scores of all tokens."""

    def __init__(self, stored: Stored, dtype: torch.dtype = torch.float32) -> None:
        super().__init__(stored, "decoder/", dtype)
        self.layers = layers(stored, "decoder/")

    def forward(self, tokens: Tensor, heard: Tensor) -> Tensor:
        """[batch, count, width]."""
        places = self.of("decoder/position_encodings/encodings")[: tokens.shape[1]]
        x = functional.embedding(tokens, self.of("decoder/embeddings/weight")) + places
        for name in self.layers:
            x = x + self._self_attention(x, f"{name}/self_attention")
            x = x + self._attention(x, heard, f"{name}/attention")
            x = self.feed_forward(x, f"{name}/ffn")
        return self.norm(x, "decoder")

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of all tokens."""
        return functional.linear(hidden, self.of("decoder/embeddings/weight"))

    def _self_attention(self, x: Tensor, name: str) -> Tensor:
        query, key, value = heads(self.linear(self.norm(x, name), f"{name}/linear_0"), 3)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.linear(joined(mixed), f"{name}/linear_1")

    def _attention(self, x: Tensor, heard: Tensor, name: str) -> Tensor:
        (query,) = heads(self.linear(self.norm(x, name), f"{name}/linear_0"), 1)
        key, value = heads(self.linear(heard, f"{name}/linear_1"), 2)
        return self.linear(joined(functional.scaled_dot_product_attention(query, key, value)), f"{name}/linear_2")


def layers(stored: Stored, prefix: str) -> Sequence[str]:
    """The names of the layers, in order."""
    found = {name.split("/")[1] for name in stored if name.startswith(f"{prefix}layer_") and name.count("/") > 2}
    return [f"{prefix}{layer}" for layer in sorted(found)]


def heads(x: Tensor, parts: int) -> Sequence[Tensor]:
    """[batch, length, parts * width] -> so many of [batch, heads, length, size]."""
    batch, length, width = x.shape
    parted: Sequence[Tensor] = (
        x.view(batch, length, parts, HEADS, width // parts // HEADS).permute(2, 0, 3, 1, 4).unbind()
    )
    return parted


def joined(x: Tensor) -> Tensor:
    """[batch, heads, length, size] -> [batch, length, width]."""
    return x.transpose(1, 2).flatten(2)
