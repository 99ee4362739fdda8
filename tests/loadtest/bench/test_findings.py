"""Arithmetic of the transport bench."""

import io

import pytest
from rich.console import Console

from loadtest.bench.findings import BARE, Run, TransportFindings, show

WAYS = (BARE, "service", "passthrough", "pipeline")


def _run(way: str, p99_ms: float, cores: float) -> Run:
    return Run(way, 100, 1.0, p99_ms, 0.5, {"denoise": cores}, {"denoise": 60.0})


def _findings(p99_ms: float, lag_ms: float = 0.5) -> TransportFindings:
    runs = [
        Run(way, 100, 1.0, base if way == BARE else base + p99_ms, lag_ms, {"denoise": 0.2}, {"denoise": 60.0})
        for base in (3.0, 30.0, 5.0)
        for way in WAYS
    ]
    return TransportFindings([2.0, 9.0, 2.5], {"gateway": 70.0, "denoise": 60.0, BARE: 40.0}, True, runs)


def _shown(found: TransportFindings) -> str:
    console = Console(file=io.StringIO(), width=118)
    show(found, [100], console)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_added_is_a_difference_within_a_round() -> None:
    """A round in which the whole machine was slow adds nothing."""
    assert _findings(4.0).added("service", 100, lambda run: run.p99_ms) == pytest.approx(4.0)


def test_times_is_a_ratio_within_a_round() -> None:
    found = TransportFindings([], {}, True, [_run(BARE, 1, 0.1), _run("service", 1, 0.3), _run(BARE, 1, 0.2)])
    found.runs.append(_run("service", 1, 0.6))
    assert found.times("service", 100, lambda run: sum(run.cores.values())) == pytest.approx(3.0)


def test_a_missed_aim_is_marked() -> None:
    """And only a missed one."""
    assert "missed" not in _shown(_findings(4.0))
    assert _shown(_findings(40.0)).count("missed") == 2


def test_a_late_load_generator_is_told() -> None:
    assert "load generator itself was late" in _shown(_findings(4.0, lag_ms=6.0))
    assert "load generator itself was late" not in _shown(_findings(4.0))
