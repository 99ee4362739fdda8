"""What a CTranslate2 weight file says of itself: shapes, number formats, length. Must not know the library.

version u32, name, revision u32, then one entry a variable (name, rank u8, dimensions u32, format u8, size u32, data),
then one a synonym (two names); a name is its length u16 and its letters, the last of which is a zero.
"""

import os
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from parley.engines import files
from parley.errors import BadModel

VERSIONS = (6, 7)  # of the format, that can be read
FORMATS = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
MOST_VARIABLES, LONGEST_NAME, MOST_DIMENSIONS = 100_000, 1_000, 8  # more than any model has: then it is another file


@dataclass(frozen=True)
class Weights:
    """One model.bin."""

    path: Path
    kind: str  # e.g. WhisperSpec
    shapes: Mapping[str, tuple[int, ...]]
    number_format: str  # of most of it
    size: int  # bytes

    def shape(self, name: str) -> tuple[int, ...]:
        """A variable's."""
        if name not in self.shapes:
            raise BadModel(f"{self.path} has no {name}; it is not a Whisper.")
        return self.shapes[name]

    def layers(self, side: str) -> int:
        """Of the encoder or the decoder."""
        found = (re.match(rf"{side}/(layer_\d+)/", name) for name in self.shapes)
        return len({match[1] for match in found if match})


def read(path: Path) -> Weights:
    """Read a weight file's outline; a wrong or truncated file is named."""
    with files.opened(path) as file:
        return _Reader(path, file, os.fstat(file.fileno()).st_size).weights()


class _Reader:
    """Reads one file from its start."""

    def __init__(self, path: Path, file: BinaryIO, size: int) -> None:
        self._path, self._file, self._size = path, file, size

    def weights(self) -> Weights:
        """All but the data."""
        version = self._number("I")
        if version not in VERSIONS:
            raise self._strange()
        kind, _, count = self._name(), self._number("I"), self._number("I")
        shapes: dict[str, tuple[int, ...]] = {}
        bytes_in: dict[str, int] = {}
        for _ in range(self._at_most(count, MOST_VARIABLES)):
            name, shape, form, size = self._variable()
            shapes[name] = shape
            bytes_in[form] = bytes_in.get(form, 0) + size
        for _ in range(2 * self._at_most(self._number("I"), MOST_VARIABLES)):
            self._name()
        return Weights(self._path, kind, shapes, max(bytes_in, key=lambda form: bytes_in[form], default=""), self._size)

    def _variable(self) -> tuple[str, tuple[int, ...], str, int]:
        name = self._name()
        shape = tuple(self._number("I") for _ in range(self._at_most(self._number("B"), MOST_DIMENSIONS)))
        form, size = FORMATS[self._at_most(self._number("B"), len(FORMATS) - 1)], self._number("I")
        self._skip(size)
        return name, shape, form, size

    def _name(self) -> str:
        letters = self._read(self._at_most(self._number("H"), LONGEST_NAME))
        return letters.rstrip(b"\0").decode("ascii", "replace")

    def _number(self, kind: str) -> int:
        (number,) = struct.unpack(f"<{kind}", self._read(struct.calcsize(kind)))
        return int(number)

    def _at_most(self, number: int, most: int) -> int:
        if number > most:
            raise self._strange()
        return number

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise self._broken_off(self._file.tell() + count - len(data))
        return data

    def _skip(self, count: int) -> None:
        if self._file.seek(count, 1) > self._size:
            raise self._broken_off(self._file.tell())

    def _strange(self) -> BadModel:
        message = "it is not a CTranslate2 weight file; ct2-transformers-converter makes one of a Hugging Face model."
        return BadModel(f"{self._path} cannot be read: {message}")

    def _broken_off(self, needed: int) -> BadModel:
        message = f"it has {self._size} bytes and needs at least {needed}; get the file again."
        return BadModel(f"{self._path} breaks off: {message}")
