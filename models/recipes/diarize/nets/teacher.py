"""What a published speaker encoder says of clean cuts; ours should come to say it in any room and line."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

ROWS = 64  # cuts at a time

Rows = NDArray[np.float32]


def lessons(teacher: nn.Module, cuts: Iterable[NDArray[np.int16]], count: int, path: Path, width: int) -> None:
    """A unit vector for each cut, into a file; what is there already from a run that was stopped is kept."""
    if not path.exists():
        np.lib.format.open_memmap(path, "w+", np.float32, (count, width)).flush()
    rows = np.lib.format.open_memmap(path, "r+")
    done = int(rows.any(1).sum()) // ROWS * ROWS
    batches = iter(partial(take, itertools.islice(cuts, done, None), ROWS), [])
    for at, batch in zip(itertools.count(done, ROWS), batches, strict=False):
        rows[at : at + len(batch)] = said(teacher, batch)
    rows.flush()


def take(cuts: Iterator[NDArray[np.int16]], count: int) -> list[NDArray[np.int16]]:
    """The next few."""
    return list(itertools.islice(cuts, count))


@torch.no_grad()
def said(teacher: nn.Module, cuts: Sequence[NDArray[np.int16]]) -> Rows:
    """What the teacher says of some cuts."""
    rows: Rows = teacher(torch.from_numpy(np.stack(cuts).astype(np.float32) / 32768)).numpy()
    return rows
