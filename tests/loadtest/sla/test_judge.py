from typing import Any

import pytest

from loadtest.clients.lateness import CPU, LAG
from loadtest.measured.measures import Measures
from loadtest.promises import Verdict
from loadtest.scenario import LoadPlan, Scenario
from loadtest.sla.judge import OTHERS, Judgement, ScenarioRun, judge, overall

PLAN = LoadPlan(scenarios={}, lag_p99_ms=50, lag_share=0.25, cpu_share=0.9, others_cores=0.3)


def measured(final_ms: float = 300, lag_ms: float = 1, cpu_s: float = 1, **counts: float) -> Measures:
    measures = Measures()
    for second in range(100):
        measures.late("final", final_ms, second)
        measures.late(LAG, lag_ms, second)
        measures.count("calls", second)
        measures.count("words", second, 10)
    measures.count(CPU, 0, cpu_s)
    for what, times in counts.items():
        measures.count(what.replace("_", " "), 3, times)
    return measures


def judged(measures: Measures, facts: dict[str, float] | None = None, **promise: dict[str, float]) -> Judgement:
    named = {what.replace("_", " "): limits for what, limits in promise.items()}
    scenario = Scenario(name="x", api="asr", people=1, promise=named or {"final": {"p99_ms": 500.0}})
    return judge(ScenarioRun(scenario, measures, facts or {}), PLAN)


def test_a_promise_is_held_or_broken() -> None:
    """On the line is held, above it is broken; what was wanted stands beside it."""
    assert judged(measured(300)).verdict is Verdict.HELD
    assert judged(measured(500)).verdict is Verdict.HELD
    assert judged(measured(600)).verdict is Verdict.BROKEN
    (kept,) = judged(measured(300)).kept
    assert kept.value == pytest.approx(300, rel=1e-3)


@pytest.mark.parametrize(
    ("counts", "promise"),
    [
        ({"lost_words": 1}, {"lost_words": {"count": 0}}),
        ({"error_UNAVAILABLE": 1}, {"errors": {"share": 0.009}}),
        ({"refused_QUEUE_FULL": 5}, {"refused": {"share": 0.04}}),
        ({"notice_asr_CIRCUIT_OPEN": 1}, {"notices": {"count": 0}}),
        ({"changed_words": 20}, {"changed_words": {"share": 0.01}}),
    ],
)
def test_planted_faults_are_caught(counts: dict[str, float], promise: dict[str, Any]) -> None:
    """A lost word, one per cent of errors, refusals, notices: each breaks its promise, and without it all holds."""
    assert judged(measured(**counts), **promise).verdict is Verdict.BROKEN
    assert judged(measured(), **promise).verdict is Verdict.HELD


def test_a_late_load_generator_proves_nothing() -> None:
    """A load generator that was late, or had no core left, is invalid even where every promise looks held or broken."""
    late = judged(measured(lag_ms=80))
    assert late.verdict is Verdict.INVALID
    assert "the load generator itself was late: p99 80 ms" in late.doubts[0]
    assert judged(measured(600, cpu_s=25)).verdict is Verdict.INVALID


def test_nothing_measured_is_no_success() -> None:
    """Without calls, or without the latency that is promised, a run is invalid."""
    assert judged(Measures()).verdict is Verdict.INVALID
    assert judged(measured(), chunk={"p99_ms": 100.0}).verdict is Verdict.INVALID
    assert judged(measured(), recovery={"s": 30.0}).verdict is Verdict.INVALID


def test_who_promises_less_may_be_late_less() -> None:
    """A load generator 30 ms late says nothing of a tail of 100 ms, but enough of one of two seconds."""
    assert judged(measured(50, lag_ms=30), final={"p99_ms": 100}).verdict is Verdict.INVALID
    assert judged(measured(50, lag_ms=20), final={"p50_ms": 60, "p99_ms": 100}).verdict is Verdict.HELD
    assert judged(measured(50, lag_ms=30), final={"p99_ms": 2000}).verdict is Verdict.HELD
    assert judged(measured(50, lag_ms=60), final={"p99_ms": 2000}).verdict is Verdict.INVALID


def test_a_noisy_neighbour_breaks_no_promise() -> None:
    """Where others took the machine, a broken time says nothing; a held one is held, and a lost word is lost."""
    noisy = {OTHERS: 0.8}
    both: dict[str, Any] = {"final": {"p99_ms": 500}, "lost words": {"count": 0}}
    assert judged(measured(600), noisy).verdict is Verdict.INVALID
    assert judged(measured(600), {OTHERS: 0.1}).verdict is Verdict.BROKEN
    assert judged(measured(300), noisy).verdict is Verdict.HELD
    assert judged(measured(600, lost_words=1), noisy, **both).verdict is Verdict.BROKEN


def test_facts_and_quality_are_judged_too() -> None:
    """Seconds to recover come from the run, scores from the samples: some have a floor instead of a limit."""
    assert judged(measured(), {"recovery": 3.0}, recovery={"s": 30.0}).verdict is Verdict.HELD
    measures = measured()
    assert judged(measures, wer={"share": 0.5}).verdict is Verdict.INVALID
    measures.samples += [{"si-sdr": db, "si-sdr at rest": 12.0, "input si-sdr": 5.0} for db in (9.0, 11.0)]
    measures.samples += [
        {"said": "one two", "text": "one", "rest": "one two"},
        {"said": "one", "text": "", "rest": "1"},
    ]
    assert judged(measures, **{"si-sdr": {"least": 9.5}}).verdict is Verdict.HELD
    assert judged(measures, **{"si-sdr": {"least": 10.5}}).verdict is Verdict.BROKEN
    assert judged(measures, **{"worse si-sdr": {"most": 1.9}}).verdict is Verdict.BROKEN
    assert judged(measures, wer={"share": 0.6}).verdict is Verdict.BROKEN
    assert judged(measures, worse_wer={"share": 0.3}).verdict is Verdict.BROKEN
    assert judged(measures, worse_wer={"share": 0.4}).verdict is Verdict.HELD


def test_where_nothing_is_said_nothing_can_be_lost() -> None:
    """No word was heard, none was missed: that is no success."""
    silent = Measures(latencies=measured().latencies)
    silent.count("calls", 0)
    assert judged(silent, lost_words={"count": 0}).verdict is Verdict.INVALID


def test_the_whole_verdict() -> None:
    """A broken promise that can be believed decides; else an invalid run does; no run proves nothing."""
    held, broken, invalid = judged(measured()), judged(measured(600)), judged(Measures())
    assert overall([held, held]) is Verdict.HELD
    assert overall([held, invalid, broken]) is Verdict.BROKEN
    assert overall([held, invalid]) is Verdict.INVALID
    assert overall([]) is Verdict.INVALID
