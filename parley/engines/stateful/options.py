"""What model.toml says of a graph that remembers. Must not know what flows through it."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Annotated

from parley.config import Within
from parley.engines import options
from parley.engines.model import ModelSpec

MOST_REMEMBERED = 1 << 22  # numbers of one stream: 16 MiB


@dataclass(frozen=True)
class State:
    """A recurrent input, the output that it becomes, and its shape, without the axis of streams where there is one."""

    name: str
    next: str
    shape: tuple[Annotated[int, Within(1, MOST_REMEMBERED)], ...]

    @property
    def size(self) -> int:
        """How many numbers."""
        return prod(self.shape)


@dataclass(frozen=True)
class GraphOptions:
    """One graph's names."""

    file: str = ""
    input: str = "audio"
    output: str = "audio"
    states: tuple[State, ...] = ()


def check_memory(spec: ModelSpec, graphs: Iterable[GraphOptions]) -> None:
    """Refuse a model whose streams would take too much memory."""
    remembered = sum(state.size for graph in graphs for state in graph.states)
    if remembered > MOST_REMEMBERED:
        raise options.fault(spec, f"`states` hold {remembered} numbers a stream; {MOST_REMEMBERED} is the most.")
