"""The shared layers under CTranslate2's names. Must not know what they were trained for."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from models.recipes.layers import CrossAttention, FeedForward, Norm, SelfAttention, Stacked


def array(weight: Tensor) -> np.ndarray:
    """A weight as the library wants it."""
    values: np.ndarray = weight.detach().float().numpy().copy()
    return values


def fill(spec: Any, twin: Stacked) -> None:
    """Every layer and both last norms."""
    _norm(spec.encoder.layer_norm, twin.encoder_norm)
    _norm(spec.decoder.layer_norm, twin.decoder_norm)
    for layer, made in zip(spec.encoder.layer, twin.encoder_layers(), strict=True):
        _self_attention(layer.self_attention, made.attention)
        _feed(layer.ffn, made.feed)
    for layer, built in zip(spec.decoder.layer, twin.decoder_layers(), strict=True):
        _self_attention(layer.self_attention, built.attention)
        _cross_attention(layer.attention, built.cross)
        _feed(layer.ffn, built.feed)


def _norm(spec: Any, made: Norm) -> None:
    spec.gamma, spec.beta = array(made.weight), array(made.bias)


def _self_attention(spec: Any, made: SelfAttention) -> None:
    _norm(spec.layer_norm, made.norm)
    spec.linear[0].weight = array(made.inputs.weight)
    spec.linear[1].weight = array(made.output.weight)


def _cross_attention(spec: Any, made: CrossAttention) -> None:
    _norm(spec.layer_norm, made.norm)
    for linear, mine in zip(spec.linear, (made.query, made.memory, made.output), strict=True):
        linear.weight = array(mine.weight)


def _feed(spec: Any, made: FeedForward) -> None:
    _norm(spec.layer_norm, made.norm)
    spec.linear_0.weight = array(made.inner.weight)
    spec.linear_1.weight = array(made.outer.weight)
