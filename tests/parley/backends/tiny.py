"""Tiny graphs, written byte by byte. Saves the tests a library that makes graphs."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from parley.engines.model import ModelRef, ModelSpec

Shape = Sequence[int | str]
KINDS = {"float32": 1, "int64": 7}


@dataclass(frozen=True)
class Node:
    """One operation; attributes are whole numbers."""

    kind: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, int]


def node(kind: str, inputs: str, outputs: str, **attributes: int) -> Node:
    """Names parted by spaces."""
    return Node(kind, inputs.split(), outputs.split(), attributes)


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _varint(value >> 7)


def _value(name: str, shape: Shape, kind: str = "float32") -> bytes:
    """A ValueInfoProto; an axis with a name is free."""
    axes = [_int(1, axis) if isinstance(axis, int) else _part(2, axis.encode()) for axis in shape]
    form = b"".join(_part(1, axis) for axis in axes)
    return _part(1, name.encode()) + _part(2, _part(1, _int(1, KINDS[kind]) + _part(2, form)))


def _constant(name: str, array: npt.NDArray[np.generic]) -> bytes:
    """A TensorProto."""
    axes = b"".join(_int(1, axis) for axis in array.shape)
    return axes + _int(2, KINDS[str(array.dtype)]) + _part(8, name.encode()) + _part(9, array.tobytes())


def _node(one: Node) -> bytes:
    """A NodeProto."""
    names = b"".join(_part(1, name.encode()) for name in one.inputs)
    names += b"".join(_part(2, name.encode()) for name in one.outputs)
    settings = [_part(1, name.encode()) + _int(3, value) + _int(20, 2) for name, value in one.attributes.items()]
    return names + _part(4, one.kind.encode()) + b"".join(_part(5, setting) for setting in settings)


def written(
    nodes: Sequence[Node],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape],
    constants: Mapping[str, npt.NDArray[np.generic]] | None = None,
    takes: str = "float32",
) -> bytes:
    """A ModelProto of ONNX."""
    body = b"".join(_part(1, _node(each)) for each in nodes) + _part(2, b"tiny")
    body += b"".join(_part(5, _constant(*each)) for each in (constants or {}).items())
    body += b"".join(_part(11, _value(*each, takes)) for each in inputs.items())
    body += b"".join(_part(12, _value(*each)) for each in outputs.items())
    return _int(1, 8) + _part(7, body) + _part(8, _int(2, 13))


def graph() -> bytes:
    """`y` is `x` twice over, [batch, 4]."""
    return written([node("Add", "x x", "y")], {"x": ("batch", 4)}, {"y": ("batch", 4)})


def spec(folder: Path, backend: str, files: Mapping[str, bytes], **options: object) -> ModelSpec:
    """A model of these files, with the right checksums."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return ModelSpec(ModelRef("tiny", "1"), "denoise", backend, folder, files=sums, options=options)
