"""Goes on from a published CTranslate2 model: its weights back into the net that it was exported from.

Knows neither stage: an export only rearranges weights. So every weight of the net is numbered, the numbers are
exported, and where each number ended up tells which weight belongs there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.recipes.weights import read

PART = 4096


def start_from(folder: Path, model: nn.Module, specification: Callable[[Any], Any]) -> None:
    """Put the weights of the model in `folder` into `model`; what is not served (learning aids) stays as drawn."""
    parameters = list(model.parameters())
    drawn = torch.cat([parameter.detach().flatten() for parameter in parameters])
    places = numbered(model, specification)
    flat = drawn.numpy().copy()
    for name, value in read(folder / "model.bin").items():
        if name in places:
            flat[places[name]] = value.ravel()
    fill(parameters, torch.from_numpy(flat))


def numbered(model: nn.Module, specification: Callable[[Any], Any]) -> dict[str, NDArray[np.int64]]:
    """By exported name, which weights of the net it holds."""
    parameters = list(model.parameters())
    numbers = torch.arange(sum(parameter.numel() for parameter in parameters))
    # Single precision cannot count so far: the number goes in two parts.
    exported = []
    for part in (numbers // PART, numbers % PART):
        # Half of a number is no number: buffers, which are exported too, cannot pass for one.
        fill(parameters, part + 0.5)
        exported.append(halves(specification(model).variables()))
    high, low = exported
    return {name: PART * high[name] + low[name] for name in high.keys() & low.keys()}


def halves(variables: dict[str, Any]) -> dict[str, NDArray[np.int64]]:
    """Those that hold numbers."""
    found = {name: np.asarray(value).ravel() for name, value in variables.items() if not isinstance(value, str)}
    return {name: value.astype(np.int64) for name, value in found.items() if np.all(value % 1 == 0.5)}


def fill(parameters: list[nn.Parameter], flat: torch.Tensor) -> None:
    """Hand out one long row of values."""
    parts = torch.split(flat, [parameter.numel() for parameter in parameters])
    with torch.no_grad():
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.copy_(part.view_as(parameter))
