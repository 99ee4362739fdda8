import signal
from typing import Any

import pytest

from loadtest.measured.measures import Measures
from loadtest.scenario import Fault, Scenario
from loadtest.sla.faults import acts_of, recovery_s

PROMISE = {"final": {"p99_ms": 500.0}}


class FakeProcesses:
    """Remembers what was done to whom."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []

    def signal(self, name: str, number: signal.Signals) -> bool:
        self.done.append((name, number.name))
        return True

    def start_if_ended(self, name: str) -> bool:
        self.done.append((name, "start"))
        return True


class FakeSwap:
    """Two versions of everything."""

    def __init__(self, processes: FakeProcesses) -> None:
        self._done = processes.done

    def __call__(self, stage: str) -> None:
        self._done.append((stage, "swap"))

    def retire(self, stage: str) -> None:
        self._done.append((stage, "retire"))


def done(*faults: Fault) -> list[tuple[float, str, str]]:
    processes: Any = FakeProcesses()
    acts = acts_of(faults, processes, FakeSwap(processes))  # type: ignore[arg-type]
    assert all(act.do() for act in acts)
    return [(round(act.at_s, 2), *what) for act, what in zip(acts, processes.done, strict=True)]


def test_what_is_done_when() -> None:
    """Killed and started again, frozen and thawed, asked to go; people who hang up are not the server's affair."""
    kill, freeze = Fault("kill", 5, "asr", 2), Fault("freeze", 1, "denoise", 3)
    assert done(kill, freeze, Fault("hang-up", 2)) == [
        (1, "denoise", "SIGSTOP"),
        (4, "denoise", "SIGCONT"),
        (5, "asr", "SIGKILL"),
        (7, "asr", "start"),
    ]
    assert done(Fault("swap", 5, "asr", 2)) == [(5, "asr", "swap"), (7, "asr", "retire")]
    assert done(Fault("kill", 5, "asr")) == [(5, "asr", "SIGKILL")]
    assert done(Fault("restart", 5, "gateway")) == [(5, "gateway", "SIGTERM"), (5, "gateway", "start")]


def test_a_slow_stage_stands_still_for_a_share_of_the_time() -> None:
    """Stops and goes on in turn, and goes on at the end."""
    slow = done(Fault("slow", 0, "asr", for_s=1, share=0.5))
    assert [number for _, _, number in slow] == ["SIGSTOP", "SIGCONT"] * 5
    assert [at for at, _, _ in slow[:4]] == [0, 0.1, 0.2, 0.3]


def measured(**slow: float) -> Measures:
    """Well in every second but those that are named."""
    measures = Measures()
    for second in range(60):
        measures.late("final", slow.get(f"s{second}", 100.0), second)
    return measures


@pytest.mark.parametrize(
    ("slow", "faults", "want"),
    [
        ({}, [Fault("kill", 10, "asr")], 0),
        ({"s10": 900, "s12": 700}, [Fault("kill", 10, "asr")], 3),
        ({"s10": 900, "s14": 700}, [Fault("freeze", 10, "asr", for_s=3)], 2),
        ({"s10": 900, "s30": 900, "s35": 900}, [Fault("kill", 10, "a"), Fault("kill", 30, "b")], 6),
        ({"s2": 900}, [Fault("kill", 10, "asr")], 0),
        ({"s12": 900}, [], None),
    ],
)
def test_how_long_a_fault_was_felt(slow: dict[str, float], faults: list[Fault], want: float | None) -> None:
    """From its end to the last second that broke the promise, before the next fault; the longest counts."""
    scenario = Scenario(name="x", api="asr", people=1, faults=tuple(faults), promise=PROMISE)
    assert recovery_s(scenario, measured(**slow)) == want


def test_an_error_is_felt_too() -> None:
    """A second with errors or notices is not well, however fast it was."""
    scenario = Scenario(name="x", api="asr", people=1, faults=(Fault("kill", 10, "asr"),), promise=PROMISE)
    measures = measured()
    measures.count("error UNAVAILABLE", 15)
    assert recovery_s(scenario, measures) == 6
