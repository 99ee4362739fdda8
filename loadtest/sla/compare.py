"""Two runs of one scenario: better, worse, or cannot tell. Must not know what is promised.

A percentile's confidence interval comes from drawing the run's seconds anew, many times over: latencies of one second
are alike, so single latencies would pretend to know more than they do.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from rich.console import Console

from loadtest.clients.lateness import LAG
from loadtest.measured.measures import Measures, Series
from loadtest.sla.judge import Judgement

DRAWS = 500
SURE = 95  # per cent
NOTICEABLE = 0.05  # a difference smaller than this share is none: two runs of one thing differ by as much
ENOUGH = 8  # seconds that hold something; with fewer, drawing them anew says nothing
PERCENTS = (50, 95, 99)


@dataclass(frozen=True)
class Change:
    """One percentile, before and now: the middle and the ends of its interval."""

    scenario: str
    measure: str
    percent: int
    before: tuple[float, float, float]
    now: tuple[float, float, float]

    @property
    def verdict(self) -> str:
        """Only intervals that are apart say something."""
        if self.now[0] > self.before[2] * (1 + NOTICEABLE):
            return "worse"
        if self.now[2] * (1 + NOTICEABLE) < self.before[0]:
            return "better"
        return "cannot tell"


def interval_ms(series: Series, percent: float, seed: int = 0) -> tuple[float, float, float]:
    """Lower end, middle, upper end."""
    seconds = [counts for counts in series.seconds.values() if counts]
    if len(seconds) < ENOUGH:
        return 0.0, series.percentile_ms(percent), math.inf
    values = np.array(sorted({us for counts in seconds for us in counts}))
    places = {us: n for n, us in enumerate(values.tolist())}
    matrix = np.zeros((len(seconds), len(values)))
    for row, counts in enumerate(seconds):
        for us, times in counts.items():
            matrix[row, places[us]] = times
    drawn = np.random.default_rng(seed).multinomial(len(seconds), np.full(len(seconds), 1 / len(seconds)), DRAWS)
    sums = (drawn @ matrix).cumsum(1)
    reached = (sums >= sums[:, -1:] * percent / 100).argmax(1)
    low, high = np.percentile(values[reached], ((100 - SURE) / 2, (100 + SURE) / 2))
    return float(low) / 1000, series.percentile_ms(percent), float(high) / 1000


def changes(scenario: str, before: Measures, now: Measures) -> list[Change]:
    """Every percentile of everything that both measured."""
    shared = [what for what in now.latencies if what in before.latencies and what != LAG]
    return [
        Change(
            scenario,
            what,
            percent,
            interval_ms(before.latencies[what], percent),
            interval_ms(now.latencies[what], percent),
        )
        for what in shared
        for percent in PERCENTS
    ]


def with_baseline(path: Path, judgements: Sequence[Judgement]) -> list[Change]:
    """Beside an earlier report.json."""
    before = {each["name"]: each["measures"] for each in json.loads(path.read_text("utf-8"))["scenarios"]}
    found = [each.found for each in judgements if each.found.scenario.name in before]
    return [
        change
        for each in found
        for change in changes(each.scenario.name, Measures.of_json(before[each.scenario.name]), each.measures)
    ]


def _row(change: Change) -> tuple[str, ...]:
    def span(interval: tuple[float, float, float]) -> str:
        low, middle, high = interval
        return f"{middle:.3g} ({low:.3g} to {high:.3g})" if math.isfinite(high) else f"{middle:.3g} (too few)"

    what = f"{change.measure} p{change.percent}"
    return change.scenario, what, span(change.before), span(change.now), change.verdict


HEADS = ("scenario", "ms", "before", "now", f"{SURE} % sure")


def show(found: Sequence[Change], console: Console) -> None:
    """A table, where there is something to compare."""
    from rich.table import Table

    if found:
        table = Table(*HEADS)
        for change in found:
            table.add_row(*_row(change))
        console.print(table)


def as_html(found: Sequence[Change]) -> str:
    """The same, for the page."""
    if not found:
        return ""
    cells = [[f"<td>{escape(cell)}</td>" for cell in _row(change)[:-1]] for change in found]
    verdicts = [f'<td class="{change.verdict.split()[-1]}">{escape(change.verdict)}</td>' for change in found]
    rows = "".join(f"<tr>{''.join(row)}{verdict}</tr>" for row, verdict in zip(cells, verdicts, strict=True))
    heads = "".join(f"<th>{escape(head)}</th>" for head in HEADS)
    return f"<h2>Beside the earlier run</h2><div class=wide><table><tr>{heads}</tr>{rows}</table></div>"
