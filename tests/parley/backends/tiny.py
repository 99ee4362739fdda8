"""A tiny graph, written byte by byte: `y` is `x` twice over. Saves the test a library that makes graphs."""

import hashlib
from pathlib import Path

from parley.model import ModelRef, ModelSpec


def _int(field: int, value: int) -> bytes:
    return bytes([field << 3]) + _varint(value)


def _part(field: int, data: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _varint(value >> 7)


def _value(name: bytes) -> bytes:
    """A ValueInfoProto: floats of shape [batch, 4]."""
    shape = _part(1, _part(2, b"batch")) + _part(1, _int(1, 4))
    return _part(1, name) + _part(2, _part(1, _int(1, 1) + _part(2, shape)))


def graph() -> bytes:
    """A ModelProto of ONNX with one node: Add(x, x) -> y."""
    node = _part(1, b"x") + _part(1, b"x") + _part(2, b"y") + _part(4, b"Add")
    body = _part(1, node) + _part(2, b"tiny") + _part(11, _value(b"x")) + _part(12, _value(b"y"))
    return _int(1, 8) + _part(7, body) + _part(8, _int(2, 13))


def spec(folder: Path, backend: str, files: dict[str, bytes], **options: object) -> ModelSpec:
    """A model of these files, with the right checksums."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return ModelSpec(ModelRef("tiny", "1"), "denoise", backend, folder, files=sums, options=options)
