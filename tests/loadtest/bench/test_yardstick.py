"""Sizes that fit the machine, and the unit they are told in."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from loadtest.bench.yardstick import Pace, Yardstick, cpu_s, demand, measure
from loadtest.scenario import BadScenario, Scenario, read
from loadtest.target.server import Like
from tests.contract.source import ROOT

GOOD: dict[str, Any] = {
    "api": "asr",
    "ceiling_share": 0.1,
    "promise": {"final": {"p99_ms": 500}, "errors": {"share": 0.1}},
}
HERE = Yardstick(
    {
        "asr": Pace(40, 80, 125),
        "denoise": Pace(50, 100, 0.3),
        "diarize": Pace(250, 500, 3),
        "translate": Pace(200, 400, 5),
    },
    2,
)


def faster(times: float) -> Yardstick:
    """Another machine."""
    paces = {s: Pace(p.one * times, p.all * times, p.job_ms / times) for s, p in HERE.paces.items()}
    return Yardstick(paces, HERE.cores)


def scenario(**change: Any) -> Scenario:
    return Scenario.of("x", GOOD | change)


def test_a_yard_is_what_all_stages_together_carry() -> None:
    """One stage: its engine's pace. Several: each takes its part of every second, a sentence in five of them."""
    assert HERE.ceiling(scenario()) == pytest.approx(80)
    assert HERE.ceiling(scenario(api="rest")) == pytest.approx(80 / 7)
    assert HERE.ceiling(scenario(api="translate")) == pytest.approx(400)
    both = scenario(api="pipeline", stages=["asr", "denoise", "translate"])
    assert demand(both) == {"asr": 1, "denoise": 1, "translate": 0.2}
    assert HERE.ceiling(both) == pytest.approx(1 / (1 / 80 + 1 / 100 + 0.2 / 400))


@pytest.mark.parametrize(("times", "people"), [(0.2, 2), (1, 8), (5, 40)])
def test_a_size_grows_with_the_machine(times: float, people: int) -> None:
    """Five times as fast a machine gets five times as many people, and the share of it stays the same."""
    fitted = faster(times).fitted(scenario(), 0)
    assert (fitted.people, fitted.rate, fitted.ceiling_share) == (people, 0, 0.1)


def test_calls_are_a_rate() -> None:
    """Of files and sentences there are so many a second, and parts of one; people are whole."""
    assert HERE.fitted(scenario(api="rest", ceiling_share=0.15), 0).rate == pytest.approx(1.7)
    assert HERE.fitted(scenario(ceiling_share=0.001, least=3), 0).people == 3


def test_a_slow_machine_has_more_time() -> None:
    """Two jobs of the bare engine come on top of what is written, of the stages that are waited for; shares stay."""
    for times in (0.2, 1, 5):
        fitted = faster(times).fitted(scenario(), 2)
        assert fitted.promise == {"final": {"p99_ms": 500 + 2 * 125 / times}, "errors": {"share": 0.1}}
    chain = scenario(api="pipeline", stages=["asr", "translate"], promise={"translation": {"p95_ms": 100}})
    assert HERE.fitted(chain, 1).promise == {"translation": {"p95_ms": 100 + 125 + 5}}
    alone = scenario(api="translate", promise={"translation": {"p95_ms": 100}})
    assert HERE.fitted(alone, 1).promise == {"translation": {"p95_ms": 105}}


def test_what_has_no_model_has_no_yard() -> None:
    """An echo does nothing; whoever measures several of them says how many."""
    with pytest.raises(BadScenario, match="no models to measure; say how many"):
        Yardstick({}, 2).ceiling(scenario())
    assert Yardstick({}, 2).fitted(scenario().of_size(6), 2).people == 6


def test_how_many_are_let_in_grows_as_well() -> None:
    """Of an overload a share is let in, however many come."""
    assert Like.of(faster(5).fitted(scenario(admitted=0.25), 0)).admitted == 10
    assert Like.of(HERE.fitted(scenario(), 0)).admitted == 0


def test_a_busy_neighbour_does_not_shrink_the_yard() -> None:
    """What counts is CPU time: a job that waits meanwhile costs what it costs."""

    def job() -> None:
        time.sleep(0.01)  # waits as a job does whose turn another process has
        sum(range(20_000))

    before = time.process_time()
    for _ in range(20):
        sum(range(20_000))
    alone = (time.process_time() - before) / 20
    assert cpu_s(job, 1) < 5 * alone + 0.002
    assert threading.active_count() < 50


@pytest.mark.timeout(120)
def test_the_shipped_models_have_one(tmp_path: Path) -> None:
    """Every stage's model is measured, and what was measured comes back from a report."""
    found = measure(ROOT / "deploy/config")
    assert set(found.paces) == {"asr", "denoise", "diarize", "translate"}
    assert all(pace.one > 0 and pace.all > 0 and pace.job_ms > 0 for pace in found.paces.values())
    assert Yardstick.of_json(found.to_json()) == found
    assert measure(ROOT / "deploy/echo").paces == {}
    for each in read(ROOT / "loadtest/sla.toml").scenarios.values():
        assert found.fitted(each, 2).size >= each.least
