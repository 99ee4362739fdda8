import json
import math
from pathlib import Path

import numpy as np
import pytest

from loadtest.measured.measures import Measures
from loadtest.promises import Verdict
from loadtest.sla.compare import as_html, changes, interval_ms, with_baseline
from loadtest.sla.report import write_json
from tests.loadtest.sla.test_judge import judged


def run(median_ms: float, seed: int, wobble: float = 0.05) -> Measures:
    """Sixty seconds; the latencies of one second are alike."""
    random, measures = np.random.default_rng(seed), Measures()
    for second in range(60):
        level = median_ms * np.exp(wobble * random.standard_normal())
        for ms in level * np.exp(0.1 * random.standard_normal(20)):
            measures.late("final", float(ms), second)
    return measures


def verdicts(before: Measures, now: Measures) -> dict[int, str]:
    return {change.percent: change.verdict for change in changes("x", before, now)}


def test_what_is_the_same_cannot_be_told() -> None:
    """Two runs of one thing are no change, however often they are drawn."""
    found = [verdicts(run(300, seed), run(300, seed + 100)) for seed in range(10)]
    assert sum(each[50] == "cannot tell" for each in found) >= 9
    assert sum(each[99] == "cannot tell" for each in found) >= 9


def test_a_real_change_is_told() -> None:
    """Half as fast is worse, twice as fast is better; within the noise of the seconds nobody can tell."""
    assert verdicts(run(300, 1), run(600, 2))[99] == "worse"
    assert verdicts(run(600, 1), run(300, 2))[50] == "better"
    assert verdicts(run(300, 1, wobble=0.5), run(315, 2, wobble=0.5))[50] == "cannot tell"


def test_the_interval_is_around_the_middle() -> None:
    """It holds the percentile, and is wider where seconds differ more."""
    for percent in (50, 95, 99):
        low, middle, high = interval_ms(run(300, 3).latencies["final"], percent)
        assert low <= middle * 1.01
        assert middle <= high * 1.01
    calm, wild = (interval_ms(run(300, 4, wobble).latencies["final"], 50) for wobble in (0.02, 0.5))
    assert wild[2] - wild[0] > 3 * (calm[2] - calm[0])


def test_beside_an_earlier_report(tmp_path: Path) -> None:
    """A report is a baseline; scenarios that it does not have are left out."""
    now = judged(run(300, 1))
    write_json(tmp_path / "report.json", Verdict.HELD, [judged(run(600, 2))], {"when": "then"})
    found = with_baseline(tmp_path / "report.json", [now])
    assert {change.verdict for change in found} == {"better"}
    assert "better" in as_html(found)
    told = json.loads((tmp_path / "report.json").read_text())
    told["scenarios"][0]["name"] = "other"
    (tmp_path / "report.json").write_text(json.dumps(told))
    assert with_baseline(tmp_path / "report.json", [now]) == []


def test_a_few_seconds_prove_nothing() -> None:
    """What fell into a handful of seconds has no interval, however many there were in each."""
    few, others = Measures(), Measures()
    for second in range(5):
        for _ in range(100):
            few.late("open", 10, second)
            others.late("open", 20, second)
    assert set(verdicts(few, others).values()) == {"cannot tell"}
    low, middle, high = interval_ms(few.latencies["open"], 50)
    assert (low, high) == (0, math.inf)
    assert middle == pytest.approx(10, rel=1e-2)
