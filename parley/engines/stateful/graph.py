"""One graph's names, and where its states lie in a flat row. Must not know what flows through it."""

from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from parley.engines.model import ModelSpec
from parley.engines.protocols import Array, Tensors
from parley.engines.stateful.options import GraphOptions

Rows = npt.NDArray[np.float32]  # a row a stream


class Graph:
    """What model.toml says of one graph: `file`, `input`, `output`, and `states` that come back under `next`."""

    def __init__(self, declared: GraphOptions) -> None:
        self._file, self._input, self._output = declared.file, declared.input, declared.output
        edges = list(accumulate((state.size for state in declared.states), initial=0))
        self._states = [
            (state.name, state.next, state.shape, slice(*edge))
            for state, edge in zip(declared.states, pairwise(edges), strict=True)
        ]
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
