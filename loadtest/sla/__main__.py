"""`python -m loadtest.sla`: run scenarios, judge them, report. Exit code 0: held, 1: broken, 2: nothing was proved.

Without --host and --grpc it starts a Parley of its own from --settings; with them it measures whatever answers there.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtest.address import Where
from loadtest.bench.yardstick import Yardstick
from loadtest.bench.yardstick import measure as measure_yardstick
from loadtest.measured.measures import Measures
from loadtest.promises import Verdict
from loadtest.scenario import BadScenario, LoadPlan, Scenario, read
from loadtest.sla import compare
from loadtest.sla.judge import Judgement, ScenarioRun, judge, overall
from loadtest.sla.page import page
from loadtest.sla.price import bill
from loadtest.sla.repeats import is_settled, settled
from loadtest.sla.report import in_words, show, write_json, write_junit
from loadtest.sla.run import LoadGeneratorFailed, run
from loadtest.target import machine
from loadtest.target.processes import ROOT
from loadtest.target.server import Like, Server

WIDTH = 110
Tick = Callable[[str], None]


class TestedServer:
    """A server, ours or not, on which scenarios are run. Ours is new where a scenario needs it to be."""

    def __init__(self, plan: Path, folder: Path, settings: Path, elsewhere: Where | None) -> None:
        self._plan, self._folder, self._settings, self._elsewhere = plan, folder, settings, elsewhere
        self._server: Server | None = None
        self._like = Like()
        self.models: dict[str, Any] = {}

    def found(self, scenario: Scenario) -> ScenarioRun:
        """Run one."""
        if self._elsewhere:
            return run(scenario, self._plan, self._elsewhere, None, self._folder)
        server = self._ours(scenario)
        found = run(scenario, self._plan, server.where, server, self._folder)
        if scenario.faults:
            self.stop()  # whoever was hurt is not measured again
        return found

    def _ours(self, scenario: Scenario) -> Server:
        like = Like.of(scenario)
        if self._server is None or like != self._like:
            self.stop()
            folder = self._folder / f"server-{time.monotonic_ns()}"
            self._server, self._like = Server(folder, self._settings, like), like
            self._server.start()
            self.models = self.models or self._server.models()
        return self._server

    def stop(self) -> None:
        """End ours."""
        if self._server:
            self._server.processes.stop()
        self._server = None


def judged(measured: TestedServer, scenarios: Sequence[Scenario], plan: LoadPlan, tick: Tick) -> Iterator[Judgement]:
    """One after the other, again where one run is not enough and there is time. What cannot be run is no success."""
    left_s = plan.again_s
    for scenario in scenarios:
        tick(f"{scenario.name}: {scenario.about}")
        runs = [_judged_once(measured, scenario, plan)]
        while not is_settled(runs) and left_s > scenario.seconds:
            tick(f"{scenario.name} once more: {in_words(runs[-1])}")
            began = time.monotonic()
            runs.append(_judged_once(measured, scenario, plan))
            left_s -= time.monotonic() - began
        yield _with_notes(settled(runs), runs=[in_words(each) for each in runs])


def _judged_once(measured: TestedServer, scenario: Scenario, plan: LoadPlan) -> Judgement:
    try:
        judgement = judge(measured.found(scenario), plan)
    except LoadGeneratorFailed as failed:
        return Judgement(ScenarioRun(scenario, Measures()), (), (f"the load generators failed: {failed}",))
    return _with_notes(judgement, cost=bill(judgement.found, plan))


def _with_notes(judgement: Judgement, **notes: Any) -> Judgement:
    found = judgement.found
    return replace(judgement, found=replace(found, notes={**found.notes, **notes}))


def report(folder: Path, judgements: Sequence[Judgement], about: dict[str, Any], extra: str) -> Verdict:
    """report.json, report.html and junit.xml."""
    verdict = overall(list(judgements))
    write_json(folder / "report.json", verdict, judgements, about)
    write_junit(folder / "junit.xml", judgements)
    (folder / "report.html").write_text(page(verdict, judgements, about, extra), "utf-8")
    return verdict


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", help="names from the file; none: all but those that stand apart")
    parser.add_argument("--file", type=Path, default=ROOT / "loadtest/sla.toml")
    parser.add_argument("--settings", type=Path, default=ROOT / "deploy/config", help="config files of our own server")
    parser.add_argument("--host", help="http://host:port of a server that runs already, Parley or not")
    parser.add_argument("--grpc", help="its host:port for gRPC")
    parser.add_argument("--model", help="what its OpenAI API calls a recogniser; the key they want is in SLA_KEY")
    parser.add_argument("--size", type=float, help="people or calls a second of every scenario, instead of its share")
    parser.add_argument("--seconds", type=float, help="of every scenario, instead of its own")
    parser.add_argument("--once", action="store_true", help="run nothing again that says nothing or was only slow")
    parser.add_argument("--baseline", type=Path, help="an earlier report.json: is it better or worse?")
    parser.add_argument("--out", type=Path, default=ROOT / "build/sla" / time.strftime("%Y-%m-%dT%H-%M-%S"))
    return parser.parse_args()


def _chosen(arguments: argparse.Namespace, plan: LoadPlan) -> list[Scenario]:
    elsewhere = _elsewhere(arguments) is not None
    usual = [name for name, each in plan.scenarios.items() if not (each.apart or (elsewhere and each.needs_ours))]
    chosen = plan.named(arguments.scenarios or usual)
    for each in chosen:
        if elsewhere and each.needs_ours:
            raise BadScenario(
                f"{each.name} sets up, hurts or must know what it measures: it runs without --host and --grpc only."
            )
    chosen = [each.of_size(arguments.size) for each in chosen] if arguments.size else chosen
    return [replace(each, seconds=arguments.seconds) for each in chosen] if arguments.seconds else chosen


def _elsewhere(arguments: argparse.Namespace) -> Where | None:
    if not (arguments.host or arguments.grpc):
        return None
    environment = {"SLA_HTTP": arguments.host, "SLA_GRPC": arguments.grpc, "SLA_MODEL": arguments.model}
    return Where.of({**os.environ, **{variable: value for variable, value in environment.items() if value}})


def _about(measured: TestedServer, yardstick: Yardstick) -> dict[str, Any]:
    facts = {"commit": machine.commit(), "machine": machine.facts(), "models": measured.models}
    return {"when": time.strftime("%Y-%m-%d %H:%M:%S"), **facts, "yardstick": yardstick.to_json()}


def _measure(arguments: argparse.Namespace, console: Console) -> Verdict:
    plan = read(arguments.file)
    plan = replace(plan, again_s=0.0) if arguments.once else plan
    scenarios, folder = _chosen(arguments, plan), arguments.out
    console.print("[dim]the yardstick: what the bare engines do here")
    yardstick = measure_yardstick(arguments.settings)
    console.print(f"[dim]{yardstick}")
    scenarios = [yardstick.fitted(each, plan.patience) for each in scenarios]
    folder.mkdir(parents=True, exist_ok=True)
    measured = TestedServer(arguments.file, folder, arguments.settings, _elsewhere(arguments))
    try:
        judgements = list(judged(measured, scenarios, plan, lambda what: console.print(f"[dim]{what}")))
    finally:
        measured.stop()
    changes = compare.with_baseline(arguments.baseline, judgements) if arguments.baseline else []
    verdict = report(folder, judgements, _about(measured, yardstick), compare.as_html(changes))
    compare.show(changes, console)
    show(judgements, verdict, console)
    console.print(f"[dim]{folder / 'report.html'}")
    return verdict


def main() -> None:
    """Run, judge, tell."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(Verdict.INVALID.value))  # nobody we started may outlive us
    console = Console()
    console.width = max(console.width, WIDTH)
    try:
        verdict = _measure(_arguments(), console)
    except (BadScenario, FileNotFoundError) as error:
        console.print(f"[red]{error}", markup=True)
        sys.exit(Verdict.INVALID.value)
    sys.exit(verdict.value)


if __name__ == "__main__":
    main()
