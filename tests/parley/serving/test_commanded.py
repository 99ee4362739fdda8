"""What was loaded by command is known after a restart."""

from pathlib import Path

import pytest

from parley.engines.model import ModelRef
from parley.serving.commanded import Commanded, CommandedFile

ONE, TWO = ModelRef("a", "1"), ModelRef("b", "2")


def test_what_was_commanded_is_read_by_the_next(tmp_path: Path) -> None:
    """In its order, with the default; what is retired is forgotten, and is no default."""
    path = str(tmp_path / "state/loaded.json")
    CommandedFile(path).loaded(ONE, is_default=False)
    CommandedFile(path).loaded(TWO, is_default=True)
    CommandedFile(path).loaded(ONE, is_default=False)
    assert CommandedFile(path).read() == Commanded((ONE, TWO), TWO)
    CommandedFile(path).retired(TWO)
    assert CommandedFile(path).read() == Commanded((ONE,), None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"models": ["a"], "default": ""}', '{"models": 3}'])
def test_a_broken_file_is_no_reason_not_to_start(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is said, and counts as empty."""
    (tmp_path / "loaded.json").write_text(text)
    assert CommandedFile(str(tmp_path / "loaded.json")).read() == Commanded()
    assert "what was loaded by command is not known" in caplog.text


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    """As for a service that is started by hand."""
    CommandedFile("").loaded(ONE, is_default=True)
    assert CommandedFile("").read() == Commanded()


def test_a_folder_that_cannot_be_written_costs_no_load(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The version serves; that it will not after a restart is said."""
    (tmp_path / "file").touch()
    CommandedFile(str(tmp_path / "file/loaded.json")).loaded(ONE, is_default=True)
    assert "a restart will not load it again" in caplog.text
