"""One graph's names, and where its states lie in a flat row. Must not know what flows through it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate, pairwise
from math import prod
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from parley.engines.model import ModelSpec
from parley.engines.protocols import Array, Tensors
from parley.errors import BadModel

Rows = npt.NDArray[np.float32]  # a row a stream


class Graph:
    """What model.toml says of one graph: `file`, `input`, `output`, and `states` that come back under `next`."""

    def __init__(self, spec: ModelSpec, table: Mapping[str, Any]) -> None:
        self._file = str(table.get("file", ""))
        self._input, self._output = str(table.get("input", "audio")), str(table.get("output", "audio"))
        try:
            states = [(str(s["name"]), str(s["next"]), tuple(map(int, s["shape"]))) for s in table.get("states", ())]
        except (KeyError, TypeError, ValueError):
            raise BadModel(
                f"{spec.folder / 'model.toml'}: `states` must be a list of "
                '{ name = "<input>", next = "<output>", shape = [<without the axis of streams>] }.'
            ) from None
        edges = list(accumulate((prod(shape) for *_, shape in states), initial=0))
        self._states = [(*state, slice(*edge)) for state, edge in zip(states, pairwise(edges), strict=True)]
        self.memory = edges[-1]  # numbers that it remembers of a stream

    def only(self, spec: ModelSpec) -> ModelSpec:
        """The model with no other graph's files."""
        stem = PurePath(self._file).stem
        return replace(spec, files={n: s for n, s in spec.files.items() if not stem or PurePath(n).stem == stem})

    def run(self, tensors: Tensors, signal: Array, rows: Rows) -> tuple[Array, Rows]:
        """The signal and what is remembered, as they are after the graph; rows may be one row, without its axis."""
        lead, feeds = rows.shape[:-1], {self._input: signal}
        for name, _, shape, place in self._states:
            feeds[name] = np.ascontiguousarray(rows[..., place]).reshape(*lead, *shape)
        out = tensors.run(feeds)
        left = [out[after].reshape(*lead, -1) for _, after, *_ in self._states]
        return out[self._output], np.concatenate(left, -1) if left else rows


def graphs_of(spec: ModelSpec, count: int = 1) -> list[Graph]:
    """Those listed under [[options.graphs]]; without such a list [options] itself describes the only one."""
    tables = spec.options.get("graphs", [spec.options])
    if len(tables) != count:
        raise BadModel(f"{spec.folder / 'model.toml'} must list {count} [[options.graphs]], not {len(tables)}.")
    return [Graph(spec, table) for table in tables]
