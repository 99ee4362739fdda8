"""Held, broken or invalid: what was measured beside what is promised. Must not know how it was measured."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from loadtest.clients.lateness import CPU, LAG
from loadtest.measured.measures import Measures
from loadtest.measured.samples import scores
from loadtest.promises import FACTS, SCORED, WORDS, Verdict
from loadtest.scenario import LoadPlan, Scenario

TAILS = ("p90_ms", "p95_ms", "p99_ms", "max_ms")
OTHERS = "cores that others took"
KINDS = {"errors": "error ", "refused": "refused ", "notices": "notice "}


@dataclass(frozen=True)
class ScenarioRun:
    """One scenario's run, whatever it was measured with."""

    scenario: Scenario
    measures: Measures
    facts: Mapping[str, float] = field(default_factory=dict)  # e.g. recovery, first answer, rss slope
    usage: Mapping[str, Any] = field(default_factory=dict)  # process -> cpu_s, rss_mb
    notes: Mapping[str, Any] = field(default_factory=dict)  # for the report: stages, faults, marks

    @property
    def talked_s(self) -> float:
        """How long."""
        return self.scenario.ramp_s + self.scenario.seconds


@dataclass(frozen=True)
class Kept:
    """One promise, and what became of it."""

    measure: str
    statistic: str
    limit: float
    value: float | None  # None: nothing was measured
    wanted: float | None = None
    answers: int = 0  # that a percentile rests on

    @property
    def is_time(self) -> bool:
        """Whether a busy machine alone can break it."""
        return self.statistic.endswith("_ms") or self.statistic == "s"

    @property
    def verdict(self) -> Verdict:
        """Nothing measured is no success."""
        if self.value is None:
            return Verdict.INVALID
        good = self.value >= self.limit if self.statistic == "least" else self.value <= self.limit
        return Verdict.HELD if good else Verdict.BROKEN


@dataclass(frozen=True)
class Judgement:
    """One scenario's."""

    found: ScenarioRun
    kept: tuple[Kept, ...]
    doubts: tuple[str, ...]  # why this run says nothing

    @property
    def verdict(self) -> Verdict:
        """A run that cannot be believed is invalid, whatever it says."""
        if self.doubts or any(each.verdict is Verdict.INVALID for each in self.kept):
            return Verdict.INVALID
        return Verdict.BROKEN if any(each.verdict is Verdict.BROKEN for each in self.kept) else Verdict.HELD


def judge(found: ScenarioRun, plan: LoadPlan) -> Judgement:
    """Every promise of a scenario."""
    scenario = found.scenario
    kept = tuple(
        _kept(found, measure, statistic, limit)
        for measure, limits in scenario.promise.items()
        for statistic, limit in limits.items()
    )
    return Judgement(found, kept, (*_doubts(found, plan), *_neighbours(found, plan, kept)))


def _kept(found: ScenarioRun, measure: str, statistic: str, limit: float) -> Kept:
    series = found.measures.latencies.get(measure)
    wanted = found.scenario.wanted.get(measure, {}).get(statistic)
    return Kept(measure, statistic, limit, value_of(found, measure, statistic), wanted, series.count if series else 0)


def overall(judgements: list[Judgement]) -> Verdict:
    """A broken promise that can be believed comes first; then whatever says nothing."""
    verdicts = {each.verdict for each in judgements}
    for verdict in (Verdict.BROKEN, Verdict.INVALID):
        if verdict in verdicts:
            return verdict
    return Verdict.HELD if judgements else Verdict.INVALID


def value_of(found: ScenarioRun, measure: str, statistic: str) -> float | None:
    """What was measured; None: nothing was."""
    measures = found.measures
    if statistic.endswith("_ms"):
        series = measures.latencies.get(measure)
        percent = 100.0 if statistic == "max_ms" else float(statistic[1:-3])
        return series.percentile_ms(percent) if series and series.count else None
    if measure in FACTS:
        return found.facts.get(measure)
    if measure in SCORED:
        return scores(measures.samples).get(measure)
    return _counted(measures, measure, statistic)


def _counted(measures: Measures, measure: str, statistic: str) -> float | None:
    calls = measures.total("calls")
    if not calls:
        return None
    total = sum(measures.among(KINDS[measure]).values()) if measure in KINDS else measures.total(measure)
    words = measures.total("words")
    if measure in WORDS and not (words or total):
        return None  # where nothing is said, nothing can be lost
    return total / max(1.0, words if measure in WORDS else calls) if statistic == "share" else total


def _doubts(found: ScenarioRun, plan: LoadPlan) -> Iterator[str]:
    lag, calls = found.measures.latencies.get(LAG), found.measures.total("calls")
    if not calls:
        yield "nobody called"
    if lag is None or not lag.count:
        yield "the load generator did not watch itself"
    elif lag.percentile_ms(99) > (allowed := _allowed_lag_ms(found.scenario, plan)):
        yield f"the load generator itself was late: p99 {lag.percentile_ms(99):.0f} ms, allowed {allowed:.0f} ms"
    share = found.measures.total(CPU) / max(1.0, found.talked_s)
    if share > plan.cpu_share:
        yield f"the load generator took {share:.0%} of a core, allowed {plan.cpu_share:.0%}"


def _allowed_lag_ms(scenario: Scenario, plan: LoadPlan) -> float:
    """A load generator may be late by a share of the nearest promise."""
    limits = [limit for of in scenario.promise.values() for statistic, limit in of.items() if statistic in TAILS]
    return min([plan.lag_p99_ms, *(plan.lag_share * limit for limit in limits)])


def _neighbours(found: ScenarioRun, plan: LoadPlan, kept: tuple[Kept, ...]) -> Iterator[str]:
    """Others on the machine make it slower, never faster: a time that was held all the same is held."""
    took = found.facts.get(OTHERS, 0.0)
    broken = [each for each in kept if each.verdict is Verdict.BROKEN]
    if took > plan.others_cores and broken and all(each.is_time for each in broken):
        yield f"others took {took:.1f} cores of this machine, allowed {plan.others_cores:g}, and only times are broken"
