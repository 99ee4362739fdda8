"""What a weight file says of itself, checked on one that the library wrote."""

from pathlib import Path

import pytest

from parley.engines import weights
from parley.errors import BadModel
from tests.parley.backends.whisper import MELS, WIDE, whisper_files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(whisper_files(tmp_path, ["a", "b"])["model.bin"])
    return path


def test_a_whisper_is_known_by_its_weights(file: Path) -> None:
    """Kind, shapes, layers and number format are those that were written."""
    found = weights.read(file)
    assert (found.kind, found.number_format, found.size) == ("WhisperSpec", "float32", file.stat().st_size)
    assert found.shape("encoder/conv1/weight") == (WIDE, MELS, 3)
    assert (found.layers("encoder"), found.layers("decoder")) == (1, 1)


def test_a_truncated_file_is_named_wherever_it_breaks_off(file: Path) -> None:
    """No prefix of a weight file passes for one."""
    whole = file.read_bytes()
    for size in (*range(0, len(whole) - 1, 997), len(whole) - 1):
        file.write_bytes(whole[:size])
        with pytest.raises(BadModel, match=rf"model\.bin breaks off: it has {size} bytes and needs at least"):
            weights.read(file)


@pytest.mark.parametrize("data", [b"<!doctype html><title>Not found</title>", b"PK\x03\x04" + bytes(99), bytes(99)])
def test_another_file_is_no_weight_file(file: Path, data: bytes) -> None:
    """An error page or an archive that is called model.bin is told apart."""
    file.write_bytes(data)
    with pytest.raises(BadModel, match="it is not a CTranslate2 weight file"):
        weights.read(file)


def test_what_is_no_whisper_lacks_its_parts(file: Path) -> None:
    """A variable that is not there is named."""
    with pytest.raises(BadModel, match="has no encoder/conv9/weight"):
        weights.read(file).shape("encoder/conv9/weight")
