"""The clock of `make fuzz`."""

from pathlib import Path

import pytest

from tests.contract.source import ROOT
from tests.fuzz import Bounded, TimeIsUp

FAILS = """
import asyncio
from hypothesis import given, strategies as st

@given(st.integers())
async def test_of_examples(n: int) -> None:
    assert n < 1000

@given(st.integers())
async def test_that_has_no_end(n: int) -> None:
    await asyncio.sleep(0)
"""


def test_after_its_time_nothing_is_tried() -> None:
    """Unless it has failed: then the example is made smaller first."""
    tried: list[int] = []

    def inner(number: int) -> None:
        tried.append(number)
        assert number < 2

    bounded = Bounded(inner, 0.0)
    with pytest.raises(TimeIsUp):
        bounded(1)
    bounded = Bounded(inner, 60.0)
    with pytest.raises(AssertionError):
        bounded(2)
    bounded._end = 0.0
    bounded(1)
    assert tried == [2, 1]


def test_a_failure_is_a_failure_and_an_end_is_none(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """One example that fails is told, made small; a test that would go on for ever passes when its time is up."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(FAILS)
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest(Path(ROOT / "tests/conftest.py").read_text())
    told = pytester.runpytest_subprocess("--hypothesis-profile=fuzz", "--fuzz-seconds=2")
    told.assert_outcomes(passed=1, failed=1)
    told.stdout.fnmatch_lines(["*assert 1000 < 1000"])
