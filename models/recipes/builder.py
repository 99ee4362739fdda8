"""Writes ONNX graphs node by node. Must not know what any graph is for."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET = 17
Values = NDArray[np.float32]
END = 2**31 - 1  # of a slice: all that is left


class Builder:
    """Nodes and constants in order; every method answers with the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def op(self, kind: str, *inputs: str, **settings: Any) -> str:
        """A node with one output."""
        return self.ops(kind, *inputs, count=1, **settings)[0]

    def ops(self, kind: str, *inputs: str, count: int, **settings: Any) -> list[str]:
        """A node with several outputs."""
        outputs = [f"{kind}_{len(self.nodes)}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, **settings))
        return outputs

    def value(self, array: object, kind: type = np.float32) -> str:
        """A constant; equal ones are shared."""
        # Not ascontiguousarray: that turns a scalar into a vector.
        data: NDArray[Any] = np.array(array, dtype=kind, order="C")
        name = f"c_{data.dtype}_{'x'.join(map(str, data.shape))}_{zlib.crc32(data.tobytes()):08x}"
        self.constants.setdefault(name, numpy_helper.from_array(data, name))
        return name

    def whole(self, *numbers: int) -> str:
        """A vector of integers."""
        return self.value(numbers, np.int64)

    def part(self, of: str, start: int, end: int, axis: int) -> str:
        """A slice along one axis."""
        return self.op("Slice", of, self.whole(start), self.whole(end), self.whole(axis))

    def join(self, *parts: str, axis: int) -> str:
        """Concatenation."""
        return self.op("Concat", *parts, axis=axis)

    def split(self, of: str, *sizes: int, axis: int = -1) -> list[str]:
        """Pieces of the given sizes."""
        return self.ops("Split", of, self.whole(*sizes), count=len(sizes), axis=axis)

    def affine(self, of: str, scale: float, shift: float) -> str:
        """Scale and shift."""
        return self.op("Add", self.op("Mul", of, self.value(scale)), self.value(shift))

    def linear(self, of: str, weight: Values, bias: Values) -> str:
        """A dense layer."""
        return self.op("Add", self.op("MatMul", of, self.value(weight.T)), self.value(bias))

    def squared(self, of: str) -> str:
        """The square."""
        return self.op("Mul", of, of)
