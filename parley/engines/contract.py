"""What a stage asks of a model, line by line, and whether a model keeps it. Must not know a stage.

A stage lists its lines in its own contract.py. A line says in words what is asked; its check says what is found
instead, or nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from parley.engines import onnx_file
from parley.engines.model import ModelSpec
from parley.engines.onnx_file import Port, Signature
from parley.errors import ParleyError

ONNX = ".onnx"
Axis = int | str  # a length, or the name of what may have any
FLOAT = "float32"


@dataclass(frozen=True)
class Line:
    """One line of a contract."""

    asks: str
    check: Callable[[], str]  # what is found instead; empty: it is kept


@dataclass(frozen=True)
class Kept:
    """A line, and what was found; no fault: it is kept."""

    asks: str
    fault: str = ""


class Graph:
    """One graph file of a model. Of another format than ONNX nothing is known before it runs."""

    def __init__(self, spec: ModelSpec, file: str) -> None:
        self._spec, self.file = spec, file

    @cached_property
    def _signature(self) -> Signature:
        return onnx_file.read(self._spec.folder / self.file, self._spec.bytes_of(self.file), self._spec).signature

    def takes(self, name: str, axes: Sequence[Axis], numbers: str = FLOAT) -> Iterator[Line]:
        """An input of the graph."""
        yield from self._line("takes", name, axes, numbers)

    def gives(self, name: str, axes: Sequence[Axis], numbers: str = FLOAT) -> Iterator[Line]:
        """An output of the graph."""
        yield from self._line("gives", name, axes, numbers)

    def _line(self, does: str, name: str, axes: Sequence[Axis], numbers: str) -> Iterator[Line]:
        if self.file.endswith(ONNX):
            asks = f"{self.file} {does} `{name}`: {numbers} [{', '.join(map(str, axes))}]"
            yield Line(asks, lambda: self._fault(does, name, axes, numbers))

    def _fault(self, does: str, name: str, axes: Sequence[Axis], numbers: str) -> str:
        there = self._signature.inputs if does == "takes" else self._signature.outputs
        if name not in there:
            return f"it {does} {', '.join(map(repr, there)) or 'nothing'}"
        fits = there[name].numbers == numbers and _fits(there[name], axes, is_input=does == "takes")
        return "" if fits else f"it is {there[name]}"

    def only(self, names: Sequence[str]) -> Iterator[Line]:
        """It takes these and nothing else: what nobody feeds would stop it."""
        if self.file.endswith(ONNX):
            yield Line(f"{self.file} takes nothing but {', '.join(names)}", lambda: self._more(names))

    def _more(self, names: Sequence[str]) -> str:
        more = [each for each in self._signature.inputs if each not in names]
        return f"it takes {', '.join(map(repr, more))} too" if more else ""


def _fits(port: Port, axes: Sequence[Axis], *, is_input: bool) -> bool:
    """An axis of any length must be free; of an output it may be left open what it is."""
    if port.axes is None:
        return not is_input
    if len(port.axes) != len(axes):
        return False
    pairs = zip(port.axes, axes, strict=True)
    return all(has is None or (has == wants if isinstance(wants, int) else not is_input) for has, wants in pairs)


def check(lines: Iterable[Line]) -> Iterator[Kept]:
    """Each line, once; a check that cannot be made is a line that is not kept."""
    for line in lines:
        try:
            yield Kept(line.asks, line.check())
        except ParleyError as error:
            yield Kept(line.asks, str(error))
        except Exception as error:  # a library's own complaint is about the model
            yield Kept(line.asks, f"{type(error).__name__}: {error}")


def nothing(check: Callable[[], object]) -> Callable[[], str]:
    """A check that raises what is wrong."""

    def checked() -> str:
        check()
        return ""

    return checked
