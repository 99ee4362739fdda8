"""A CTranslate2 weight file in other numbers: int8 between scales, half or full precision. Must not know the library.

The same arithmetic as its converters have, so that a model need not be converted anew from where it comes from.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from parley.engines.protocols import Precision
from parley.errors import BadInput, BadModel

FORMATS = ("float32", "int8", "int16", "int32", "float16")
TIMES, SCALE = "weight", "_scale"  # what is multiplied with, and may be int8; what stands behind the name of its scale
MOST = 127.0
# What weights become, and what other numbers with a point become; None: they stay.
KINDS: Mapping[Precision, tuple[str, str | None]] = {
    "int8": ("int8", None),
    "int8_float32": ("int8", "float32"),
    "fp16": ("float16", "float16"),
}
Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class _File:
    version: int
    kind: bytes
    revision: int
    variables: Mapping[bytes, Array]
    synonyms: bytes  # as they are


def rewritten(data: bytes, to: Precision, out: BinaryIO) -> None:
    """The same weights, in the numbers that are wanted."""
    file = _read(data)
    weights, others = KINDS[to]
    if _kinds(file) == {weights} and (others is None or others in _others(file)):
        raise BadInput(f"Its weights are {to} already; choose other numbers.")
    variables = dict(_converted(file.variables, weights, others))
    out.write(struct.pack("<I", file.version) + _name(file.kind) + struct.pack("<II", file.revision, len(variables)))
    for name, array in variables.items():
        form = FORMATS.index(str(array.dtype))
        shape = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        out.write(_name(name) + shape + struct.pack("<BI", form, array.nbytes))
        out.write(np.ascontiguousarray(array).tobytes())
    out.write(file.synonyms)


def _converted(variables: Mapping[bytes, Array], weights: str, others: str | None) -> Iterator[tuple[bytes, Array]]:
    for name, array in variables.items():
        scale = variables.get(name + SCALE.encode())
        if _is_weight(name, array):
            full = _full(array, scale)
            if weights == "int8":
                yield from zip((name, name + SCALE.encode()), _rows(full), strict=True)
            else:
                yield name, full.astype(weights)
        elif not (name.endswith(SCALE.encode()) and name.removesuffix(SCALE.encode()) in variables):
            changes = others is not None and array.ndim and array.dtype in (np.float16, np.float32)
            yield name, array.astype(others) if changes else array


def _is_weight(name: bytes, array: Array) -> bool:
    """Norms and places are no weights; a scalar is an option."""
    return name.rpartition(b"/")[2] == TIMES.encode() and array.ndim > 1


def _full(array: Array, scale: Array | None) -> npt.NDArray[np.float32]:
    full = array.astype(np.float32)
    if scale is None:
        return full
    each = scale.astype(np.float32)
    return full / each.reshape(-1, *[1] * (full.ndim - 1)) if each.ndim else full / each


def _rows(full: npt.NDArray[np.float32]) -> tuple[Array, Array]:
    """Eight bits, and by what each row was multiplied."""
    flat = full.reshape(len(full), -1)
    largest = np.abs(flat).max(axis=1)
    largest[largest == 0] = MOST
    scale = (MOST / np.maximum(largest, np.float32(MOST) / np.finfo(np.float32).max)).astype(np.float32)
    return np.rint(flat * scale[:, None]).astype(np.int8).reshape(full.shape), scale


def _kinds(file: _File) -> set[str]:
    return {str(array.dtype) for name, array in file.variables.items() if _is_weight(name, array)}


def _others(file: _File) -> set[str]:
    there = (array for name, array in file.variables.items() if not _is_weight(name, array) and array.ndim)
    return {str(array.dtype) for array in there if array.dtype in (np.float16, np.float32)}


def _name(letters: bytes) -> bytes:
    return struct.pack("<H", len(letters) + 1) + letters + b"\0"


def _read(data: bytes) -> _File:
    """A file whose outline `weights.read` has looked at; the arrays are views of its bytes."""
    at = 0

    def numbers(form: str) -> tuple[int, ...]:
        nonlocal at
        found = struct.unpack_from(f"<{form}", data, at)
        at += struct.calcsize(f"<{form}")
        return found

    def name() -> bytes:
        nonlocal at
        (count,) = numbers("H")
        at += count
        return data[at - count : at].rstrip(b"\0")

    try:
        (version,), kind, (revision, count) = numbers("I"), name(), numbers("II")
        variables: dict[bytes, Array] = {}
        for _ in range(count):
            called, (rank,) = name(), numbers("B")
            shape, (form, size) = numbers(f"{rank}I"), numbers("BI")
            if form >= len(FORMATS):
                raise BadModel("Its weights are bfloat16, which are not converted here; take the float16 ones.")
            length = size // np.dtype(FORMATS[form]).itemsize
            variables[called] = np.frombuffer(data, FORMATS[form], length, at).reshape(shape)
            at += size
    except (struct.error, ValueError) as error:
        raise BadModel(f"The weight file cannot be read ({error}); get it again.") from None
    return _File(version, kind, revision, variables, data[at:])
