"""Running failures again: few, alone, and red when red twice."""

import json
import sys
from pathlib import Path

import pytest

from tests.again import MOST, main
from tests.cut import CUT


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


def _whole(folder: Path, cut: bool, code: int) -> tuple[str, ...]:
    program = f"open({str(folder / 'cut')!r}, 'w').write({json.dumps(cut)!r}); raise SystemExit({code})"
    return (sys.executable, "-c", program)


@pytest.mark.parametrize(("cut", "code", "status"), [(False, 0, 0), (True, 1, 1), (False, 1, 0)])
def test_a_run_that_was_cut_short_is_begun_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: bool, code: int, status: int
) -> None:
    """Green if that is, red if it is cut too; else what failed in it is run alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cut").write_text("true")
    case = f"import json; json.dump({{{_case(tmp_path, 'assert True')!r}: True}}, open('lastfailed', 'w')); "
    program = _whole(tmp_path, cut, code)
    whole = (*program[:2], case + program[2])
    assert main(_last(tmp_path), tmp_path / "cut", whole) == status


DIES = """
import os
import pytest


@pytest.mark.parametrize("n", range(9))
def test_it(n):
    if n == 3:
        os.kill(os.getpid(), 9)
"""


def test_a_worker_that_dies_cuts_the_run_short(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends, red, names the test, and is remembered as not whole."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makepyfile(DIES)
    words = ("-p", "tests.cut", "-n", "2", "--dist", "loadfile", "--max-worker-restart=0")
    result = pytester.runpytest_subprocess(*words, timeout=50)
    result.stdout.fnmatch_lines(["*crashed while running*test_it?3?*"])
    assert (result.ret, json.loads((pytester.path / CUT).read_text())) == (1, True)
