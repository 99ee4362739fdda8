"""What is in a CTranslate2 `model.bin`, by name. Knows no stage and no library but numpy."""

from __future__ import annotations

import struct
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DTYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
Weights = dict[str, NDArray[Any]]


def read(path: Path) -> Weights:
    """Every variable, eight bits undone."""
    stored = stored_in(path)
    return {name: unpacked(value, stored.get(f"{name}_scale")) for name, value in stored.items()}


def stored_in(path: Path) -> Weights:
    """Every variable as it is stored; what is there under two names is here under both."""
    with path.open("rb") as file:
        number(file, "I")
        text(file)
        number(file, "I")
        stored = dict(variable(file) for _ in range(number(file, "I")))
        others = [(text(file), text(file)) for _ in range(number(file, "I"))]
    also = {f"{name}{part}": f"{known}{part}" for name, known in others for part in ("", "_scale")}
    return stored | {name: stored[known] for name, known in also.items() if known in stored}


def variable(file: BufferedReader) -> tuple[str, NDArray[Any]]:
    """A name, a shape, a type, and the bytes."""
    name = text(file)
    shape = [number(file, "I") for _ in range(number(file, "B"))]
    dtype = DTYPES[number(file, "B")]
    return name, np.frombuffer(file.read(number(file, "I")), dtype).reshape(shape)


def number(file: BufferedReader, kind: str) -> int:
    """One unsigned number."""
    return int(struct.unpack(kind, file.read(struct.calcsize(kind)))[0])


def text(file: BufferedReader) -> str:
    """A counted string that ends in a zero."""
    return file.read(number(file, "H"))[:-1].decode()


def unpacked(value: NDArray[Any], scale: NDArray[Any] | None) -> NDArray[np.float32]:
    """In single precision; eight bits have one scale a row."""
    wide = value.astype(np.float32)
    return wide if scale is None else wide / scale.reshape(-1, *[1] * (value.ndim - 1))
