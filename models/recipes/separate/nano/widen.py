"""Begins with a published enhancer: the wider net gives at first what the narrow one gives, LATE samples later."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from models.recipes.denoise.network import Enhancer
from models.recipes.denoise.published import start_from
from models.recipes.denoise.recurrent import Recurrent
from models.recipes.separate.nano.network import Separator

NEW = 0.3  # how strongly what is added listens, beside an untrained net


@torch.no_grad()
def widen(folder: Path, model: Separator) -> None:
    """What is added hears all; what was there hears nothing of it yet."""
    narrow = Enhancer()
    start_from(folder, narrow)
    size = narrow.size
    fill(model.entry.weight, narrow.entry.weight, NEW)
    fill(model.entry.bias, narrow.entry.bias, 0)
    for layer, old in ((model.first, narrow.first), (model.second, narrow.second)):
        grow(layer, old)
    for name in ("middle", "exit"):
        layer, old = getattr(model, name), getattr(narrow, name)
        fill(layer.weight, old.weight, NEW)
        layer.weight[: len(old.weight), size:] = 0
        fill(layer.bias, old.bias, 0)


def fill(wide: Tensor, narrow: Tensor, kept: float) -> None:
    """The narrow one in the corner of the wide one."""
    wide.mul_(kept)
    wide[tuple(slice(n) for n in narrow.shape)] = narrow


def grow(wide: Recurrent, narrow: Recurrent) -> None:
    """Gate by gate."""
    for part, old in zip(wide.given.weight.chunk(3), narrow.given.weight.chunk(3), strict=True):
        corner(part, old)
    for part, old in zip(wide.matrix.chunk(3), narrow.matrix.chunk(3), strict=True):
        corner(part, old)
    for part, old in zip(wide.given.bias.chunk(3), narrow.given.bias.chunk(3), strict=True):
        fill(part, old, 0)
    fill(wide.bias_n, narrow.bias_n, 0)


def corner(wide: Tensor, narrow: Tensor) -> None:
    """Old rows hear old columns alone."""
    fill(wide, narrow, NEW)
    wide[: len(narrow), narrow.shape[1] :] = 0
