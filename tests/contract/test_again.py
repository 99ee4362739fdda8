"""Running failures again: few, alone, and red when red twice."""

import json
from pathlib import Path

import pytest

from tests.again import MOST, main


def _last(folder: Path, *tests: str) -> Path:
    last = folder / "lastfailed"
    last.write_text(json.dumps(dict.fromkeys(tests, True)))
    return last


def _case(folder: Path, body: str) -> str:
    case = folder / "test_case.py"
    case.write_text(f"def test_it() -> None:\n    {body}\n")
    return f"{case}::test_it"


def test_what_passes_alone_was_unstable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is run, and the run is green."""
    monkeypatch.chdir(tmp_path)
    assert main(_last(tmp_path, _case(tmp_path, "assert True"))) == 0


def test_what_fails_twice_is_red(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is run, and the run is red."""
    monkeypatch.chdir(tmp_path)
    assert main(_last(tmp_path, _case(tmp_path, "assert False"))) != 0


@pytest.mark.parametrize("tests", [(), [f"test_case.py::test_{n}" for n in range(MOST + 1)], ("test_case.py",)])
def test_neither_many_nor_what_never_ran(tmp_path: Path, tests: tuple[str, ...]) -> None:
    """Nothing failed that is known, too many did, or a whole file did not import: that is red at once."""
    assert main(_last(tmp_path, *tests)) == 1
