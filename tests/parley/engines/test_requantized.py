"""Weights in other numbers are what the library's own converter would have made; what cannot be read is said."""

import io
import struct
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from ctranslate2.specs.whisper_spec import WhisperSpec

from parley.engines.protocols import Precision
from parley.engines.requantized import rewritten
from parley.errors import BadInput, BadModel
from tests.parley.backends import whisper

LIBRARYS = {"int8": "int8", "int8_float32": "int8_float32", "fp16": "float16"}


def by_the_library(folder: Path, to: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A tiny Whisper as the library writes it."""
    save = WhisperSpec.save

    def optimized(made: WhisperSpec, out: str) -> None:
        made.optimize(LIBRARYS.get(to))
        save(made, out)

    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(WhisperSpec, "save", optimized)
        return whisper.whisper_files(folder, ["a", "b"])["model.bin"]


def ours(data: bytes, to: Precision) -> bytes:
    out = io.BytesIO()
    rewritten(data, to, out)
    return out.getvalue()


@pytest.mark.parametrize("to", get_args(Precision))
def test_the_numbers_are_the_librarys(tmp_path: Path, to: Precision, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorted otherwise, and every byte of every variable the same."""
    plain = by_the_library(tmp_path / "plain", "", monkeypatch)
    theirs = by_the_library(tmp_path / "theirs", to, monkeypatch)
    assert variables(ours(plain, to)) == variables(theirs)
    with pytest.raises(BadInput, match=f"Its weights are {to} already"):
        ours(theirs, to)


def test_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight bits become half precision and eight bits again: the same ones, scales rounded."""
    small = by_the_library(tmp_path / "small", "int8", monkeypatch)
    again = variables(ours(ours(small, "fp16"), "int8"))
    for name, data in variables(small).items():
        if name.endswith("/weight"):
            assert np.abs(np.frombuffer(data, np.int8) - np.frombuffer(again[name], np.int8)).max() <= 1, name


@pytest.mark.parametrize("size", [3, 20, 500, 5_000])
def test_half_a_file_is_named(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it breaks off."""
    plain = by_the_library(tmp_path / "plain", "", monkeypatch)
    with pytest.raises(BadModel, match="cannot be read"):
        ours(plain[:size], "int8")


def variables(data: bytes) -> dict[str, bytes]:
    """Each one's shape, format and bytes, as the format's description has them."""
    file, found = io.BytesIO(data), {}

    def number(form: str) -> int:
        return int(struct.unpack(f"<{form}", file.read(struct.calcsize(form)))[0])

    def name() -> str:
        return file.read(number("H"))[:-1].decode()

    number("I"), name(), number("I")
    for _ in range(number("I")):
        called, shape = name(), [number("I") for _ in range(number("B"))]
        form, size = number("B"), number("I")
        found[called] = file.read(size)
        found[f"{called} is"] = repr((shape, form)).encode()
    found["synonyms"] = file.read()
    return found
