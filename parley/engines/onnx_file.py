"""What an ONNX file says of itself: operators, other files, and what it takes and gives. Must not run it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from parley.compat import onnx_pb2 as format
from parley.config import Within
from parley.engines.model import ModelSpec
from parley.errors import BadModel

FILE_VERSIONS, OPERATORS = Within(3, 13), Within(7, 26)  # what the runtimes that we install read
# Domains whose operators the runtimes have inside. Others need a program beside the model, which is never loaded here.
BUILT_IN = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
NUMBERS = {
    1: "float32",
    2: "uint8",
    3: "int8",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
}
EXTERNAL, LOCATION = 1, "location"


@dataclass(frozen=True)
class Port:
    """An input or an output: the kind of number, and the lengths of its axes; None: any length."""

    numbers: str
    axes: tuple[int | None, ...] | None  # None: not said at all

    def __str__(self) -> str:
        axes = "any shape" if self.axes is None else ", ".join("any" if n is None else str(n) for n in self.axes)
        return f"{self.numbers} [{axes}]"


@dataclass(frozen=True)
class Signature:
    """What a graph takes and gives, by name."""

    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]


@dataclass(frozen=True)
class OnnxFile:
    """One file, checked."""

    signature: Signature
    others: tuple[str, ...]  # files that hold weights of it


def read(path: Path, data: bytes, spec: ModelSpec) -> OnnxFile:
    """Raises BadModel for what no runtime here could run, and for what reaches out of the model's own files."""
    try:
        model = format.Model.FromString(data)
    except DecodeError:
        raise BadModel(f"{path} is no ONNX file (protobuf parsing failed); get the file again.") from None
    for fault in (*_version_faults(model), *_domain_faults(model)):
        raise BadModel(f"{path}: {fault}")
    others = sorted({location for tensor in _tensors(model) for location in _locations(tensor)})
    for other in others:
        if other not in spec.files:
            where = "declare that file under [files], in the model's own folder"
            raise BadModel(f"{path} has weights in {other!r}, which is no file of this model; {where}.")
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = {each.name: _port(each) for each in model.graph.input if each.name not in weights}
    return OnnxFile(Signature(inputs, {each.name: _port(each) for each in model.graph.output}), tuple(others))


def _version_faults(model: Any) -> Iterator[str]:
    if model.ir_version not in FILE_VERSIONS:
        wanted = f"export it with {FILE_VERSIONS.least:g} to {FILE_VERSIONS.most:g}"
        yield f"its file format has version {model.ir_version}; {wanted}."
    for each in model.opset_import:
        if each.domain in ("", "ai.onnx") and each.version not in OPERATORS:
            wanted = f"export it with opset {OPERATORS.least:g} to {OPERATORS.most:g}"
            yield f"its operators have version {each.version}; {wanted}."


def _domain_faults(model: Any) -> Iterator[str]:
    own = {function.domain for function in model.functions}
    for node in _nodes(model):
        if node.domain not in BUILT_IN and node.domain not in own:
            why = "operators of others are programs, which Parley does not load; export it without them"
            yield f"it uses {node.domain}.{node.op_type}: {why}."


def _graphs(model: Any) -> Iterator[Any]:
    """The graph, and all inside it: branches, loops."""
    waiting = [model.graph]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for each in node.attribute:
                waiting += [each.g] * each.HasField("g") + list(each.graphs)


def _nodes(model: Any) -> Iterator[Any]:
    for graph in _graphs(model):
        yield from graph.node
    for function in model.functions:
        yield from function.node


def _tensors(model: Any) -> Iterator[Any]:
    sparse: list[Any] = []
    for graph in _graphs(model):
        yield from graph.initializer
        sparse += graph.sparse_initializer
    for node in _nodes(model):
        for each in node.attribute:
            yield from (each.t, *each.tensors)
            sparse += [each.sparse_tensor, *each.sparse_tensors]
    for each in sparse:
        yield from (each.values, each.indices)


def _locations(tensor: Any) -> Iterator[str]:
    if tensor.data_location == EXTERNAL or tensor.external_data:
        yield next((pair.value for pair in tensor.external_data if pair.key == LOCATION), "")


def _port(value: Any) -> Port:
    kind = value.type.tensor_type
    numbers = NUMBERS.get(kind.elem_type, f"numbers of kind {kind.elem_type}")
    if not kind.HasField("shape"):
        return Port(numbers, None)
    return Port(numbers, tuple(d.dim_value if d.WhichOneof("length") == "dim_value" else None for d in kind.shape.dim))
