"""`python -m loadtest.sla.capacity live-asr`: the most people that a scenario can have and still keep its promise.

Begins with the scenario's own size and adds half of it until the promise breaks, then halves the gap, as long as there
is time. What does not hold is tried twice before it is believed: a neighbour's noise must not pass for a limit.
"""

import argparse
import json
import math
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from loadtest.bench.yardstick import Yardstick
from loadtest.bench.yardstick import measure as measure_yardstick
from loadtest.promises import Verdict
from loadtest.scenario import BadScenario, LoadPlan, Scenario, read
from loadtest.sla.__main__ import TestedServer
from loadtest.sla.charts import chart, linear, logarithmic
from loadtest.sla.judge import Judgement, judge
from loadtest.sla.page import STYLE
from loadtest.sla.run import LoadGeneratorFailed
from loadtest.target import machine
from loadtest.target.processes import ROOT

FINE = 0.08  # a gap this small, as a share, is not worth another run
GROWTH = 1.5
MOST = 2000
Try = Callable[[int], Verdict]
Tries = tuple[TestedServer, LoadPlan, Console]  # what is tried on, what it is judged by, and where it is told


class OutOfTime(Exception):
    """Another try would take longer than there is time."""


class Timed:
    """Tries, as long as there is time for one more like the longest."""

    def __init__(self, holds: Try, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._holds, self._clock, self._end, self._longest_s = holds, clock, clock() + seconds, 0.0

    def __call__(self, size: int) -> Verdict:
        """One try."""
        began = self._clock()
        if began + self._longest_s > self._end:
            raise OutOfTime
        verdict = self._holds(size)
        self._longest_s = max(self._longest_s, self._clock() - began)
        return verdict


@dataclass(frozen=True)
class Step:
    """One size that was tried."""

    people: int
    verdict: str
    latencies_ms: dict[str, float]  # promised measure -> p99
    cores: float
    doubts: tuple[str, ...]


def search(holds: Try, start: int) -> tuple[int, int]:
    """The largest size that holds, and the smallest that does not, as far as there was time; 0: not found."""
    good, bad = 0, 0
    size = max(1, start)
    with suppress(OutOfTime):
        while size <= MOST and (not bad or bad - good > max(1, FINE * good)):
            if _holds(holds, size):
                good = size
            else:
                bad = size
            size = (good + bad) // 2 if bad else math.ceil(GROWTH * good)
    return good, bad


def _holds(holds: Try, size: int) -> bool:
    """False after two failures; a load generator that cannot keep up is one: nothing above it can be measured."""
    return any(holds(size) is Verdict.HELD for _ in range(2))


def step_of(judgement: Judgement, people: int) -> Step:
    """What is kept of a try."""
    found = judgement.found
    promised = [what for what in found.scenario.promise if what in found.measures.latencies]
    cores = sum(found.usage.get("cpu_s", {}).values()) / found.talked_s
    p99 = {what: found.measures.latencies[what].percentile_ms(99) for what in promised}
    return Step(people, judgement.verdict.name, p99, round(cores, 3), judgement.doubts)


def knee(name: str, steps: Sequence[Step], most: int) -> str:
    """Latency over size: where the curve turns up is what the machine carries."""
    # Of a size that was tried twice the better try counts, as in the search.
    best = {step.people: step for step in sorted(steps, key=lambda step: step.verdict == Verdict.HELD.name)}
    ordered = [best[people] for people in sorted(best)]
    lines = {
        f"{what} p99": [(step.people, step.latencies_ms[what]) for step in ordered if what in step.latencies_ms]
        for what in ordered[-1].latencies_ms
    }
    values = [y for points in lines.values() for _, y in points] or [1.0]
    across, up = linear(0, ordered[-1].people), logarithmic(min(values), max(values))
    return chart(f"{name}: latency in ms, by how many talk", lines, across, up, [(most, f"{most} hold")])


def _measure(scenario: Scenario, ceiling: float, seconds: float, tries: Tries) -> dict[str, Any]:
    measured, plan, console = tries
    steps: list[Step] = []

    def holds(people: int) -> Verdict:
        judgement = judge(measured.found(scenario.of_size(people)), plan)
        steps.append(step_of(judgement, people))
        console.print(f"[dim]{scenario.name}: {people} {judgement.verdict.name.lower()} {'; '.join(judgement.doubts)}")
        return judgement.verdict

    most, too_many = search(Timed(holds, seconds), scenario.crowd)
    at_most = next((step for step in reversed(steps) if step.people == most and step.verdict == "HELD"), None)
    cores = at_most.cores if at_most else 0.0
    found = {"scenario": scenario.name, "most": most, "cores": cores, "per_core": most / cores if cores else 0.0}
    found |= {"ceiling": ceiling, "of_ceiling": most / ceiling}
    found |= {"too_many": too_many, "at_least": not any(step.verdict == "BROKEN" for step in steps)}
    return {**found, "steps": [vars(step) for step in steps], "knee": knee(scenario.name, steps, most)}


def tell(found: Sequence[dict[str, Any]], yardstick: Yardstick, folder: Path, console: Console) -> None:
    """A table, a page, and everything for a later comparison."""
    heads = ("scenario", "hold", "too many", "cores taken", "per core", "ceiling", "of the ceiling")
    table = Table(*heads, box=MARKDOWN)
    for each in found:
        most = f"{'>= ' if each['at_least'] else ''}{each['most']}"
        too_many = str(each["too_many"] or "")
        taken = f"{each['cores']:.2f}", f"{each['per_core']:.1f}"
        table.add_row(each["scenario"], most, too_many, *taken, f"{each['ceiling']:.1f}", f"{each['of_ceiling']:.2f}")
        if each["at_least"]:
            console.print(
                f"[yellow]{each['scenario']}: the load generator could not keep up before the server broke its promise."
            )
    console.print(table)
    facts: dict[str, Any] = {"machine": machine.facts(), "commit": machine.commit(), "yardstick": yardstick.to_json()}
    facts["found"] = list(found)
    (folder / "capacity.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    knees = "".join(each["knee"] for each in found)
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    body = f"<title>Capacity</title><style>{STYLE}</style><h1>Capacity</h1><div class=charts>{knees}</div></html>"
    (folder / "capacity.html").write_text(head + body, "utf-8")
    console.print(f"[dim]{folder / 'capacity.html'}")


def main() -> None:
    """Search, tell."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # nobody we started may outlive us
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", default=["live-asr", "full-pipeline", "denoise"])
    parser.add_argument("--minutes", type=float, default=6.0, help="for all of them")
    parser.add_argument("--file", type=Path, default=ROOT / "loadtest/sla.toml")
    parser.add_argument("--settings", type=Path, default=ROOT / "deploy/config")
    parser.add_argument("--seconds", type=float, default=14.0, help="of each try: one recording at least")
    parser.add_argument("--out", type=Path, default=ROOT / "build/capacity" / time.strftime("%Y-%m-%dT%H-%M-%S"))
    arguments, console = parser.parse_args(), Console()
    console.print(f"[dim]{psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f}")
    measured = TestedServer(arguments.file, arguments.out, arguments.settings, None)
    try:
        plan, yardstick = read(arguments.file), measure_yardstick(arguments.settings)
        console.print(f"[dim]{yardstick}")
        chosen = [replace(each, seconds=arguments.seconds) for each in plan.named(arguments.scenarios)]
        arguments.out.mkdir(parents=True, exist_ok=True)
        each_s, tries = 60 * arguments.minutes / len(chosen), (measured, plan, console)
        fitted = [(yardstick.fitted(each, plan.patience), yardstick.ceiling(each)) for each in chosen]
        tell([_measure(each, ceiling, each_s, tries) for each, ceiling in fitted], yardstick, arguments.out, console)
    except (BadScenario, LoadGeneratorFailed) as error:
        sys.exit(str(error))
    finally:
        measured.stop()


if __name__ == "__main__":
    main()
