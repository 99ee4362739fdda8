from pathlib import Path
from typing import Any

import pytest

from loadtest.scenario import BadScenario, Scenario, read
from tests.contract.source import ROOT

GOOD: dict[str, Any] = {"api": "asr", "people": 4, "promise": {"final": {"p99_ms": 500}}}


def test_the_shipped_file_is_read() -> None:
    """Every key is known, and every scenario promises something."""
    plan = read(ROOT / "loadtest/sla.toml")
    assert "smoke" in plan.scenarios
    assert all(scenario.promise and scenario.about for scenario in plan.scenarios.values())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"peopel": 4}, "has the key 'peopel'; known: about"),
        ({"api": "window"}, "api is 'window'; write one of pipeline"),
        ({"rate": 5.0}, "how many `people` talk, or at which `rate` calls come; one of them"),
        ({"ceiling_share": 0.5}, "a size in `ceiling_share`, or how many `people` talk"),
        ({"admitted": 20}, "admitted is 20; write a share of the people, 0 to 1"),
        ({"api": "pipeline"}, "a pipeline needs `stages`"),
        ({"stages": ["sing"]}, "a stage is 'sing'"),
        ({"api": "realtime", "model": "asr/live"}, "`model` is for the streams of one stage"),
        ({"promise": {}}, "promises nothing"),
        ({"promise": {"final": {"p98": 1}}}, "what is promised of final is 'p98'; write one of p50_ms"),
        ({"promise": {"lost wrods": {"count": 0}}}, "what is promised is 'lost wrods'; write one of open"),
        ({"promise": {"wer": {"p99_ms": 1}}}, "what is promised of wer is 'p99_ms'; write one of share"),
        ({"faults": [{"what": "trip", "at_s": 1}]}, "a fault is 'trip'"),
        ({"faults": [{"what": "kill", "when": 1}]}, r"\[x.faults\].*it takes what, at_s"),
        ({"burst": {"times": 4}}, r"\[x.burst\].*it takes times, at_s, for_s"),
    ],
)
def test_a_mistake_is_a_sentence(change: dict[str, Any], told: str) -> None:
    """What is wrong is named, with what would be right."""
    with pytest.raises(BadScenario, match=told):
        Scenario.of("x", GOOD | change)


def test_a_scenario_that_is_not_there(tmp_path: Path) -> None:
    """Who misspells a name hears the names; a file that is not TOML is named."""
    (tmp_path / "sla.toml").write_text('[scenarios.one]\napi = "asr"\npeople = 1\npromise.open = { p50_ms = 1 }\n')
    with pytest.raises(BadScenario, match="no scenario 'two'; there are one"):
        read(tmp_path / "sla.toml").named(["two"])
    (tmp_path / "bad.toml").write_text("=")
    with pytest.raises(BadScenario, match=r"bad\.toml cannot be read"):
        read(tmp_path / "bad.toml")


def test_how_many_people_it_takes() -> None:
    """A rate of a hundred calls is a hundred people who call once a second; a burst multiplies them."""
    assert Scenario.of("x", {**GOOD, "people": 0, "rate": 100.0}).crowd == 100
    burst = Scenario.of("x", {**GOOD, "burst": {"times": 4, "at_s": 1, "for_s": 2}})
    assert (burst.crowd, burst.most) == (4, 16)
    with pytest.raises(BadScenario, match="measure the machine first"):
        _ = Scenario.of("x", {**GOOD, "people": 0, "ceiling_share": 0.5}).crowd
