"""Runs one scenario: load generators in a process of their own, faults at their times, the server watched meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

from loadtest.address import Where
from loadtest.clients.lateness import CPU
from loadtest.measured.measures import Measures
from loadtest.scenario import Scenario
from loadtest.sla.faults import Act, acts_of, recovery_s
from loadtest.sla.judge import OTHERS, ScenarioRun
from loadtest.target.processes import ROOT
from loadtest.target.server import Server

TICK_S = 0.05
CALM_S = 90.0  # for a process to start and ask its calm questions
Say = Callable[[str], None]


class LoadGeneratorFailed(Exception):
    """The load itself did not work; the message is the end of its log, and where the rest is."""


@dataclass
class Watch:
    """What a server's processes took while somebody talked."""

    marks: list[dict[str, Any]] = field(default_factory=list)  # what was done to it, and when
    usage: list[tuple[float, dict[str, tuple[float, float]]]] = field(default_factory=list)
    busy: list[tuple[float, float]] = field(default_factory=list)  # when, and the CPU seconds of all since the boot

    def cpu_s(self) -> dict[str, float]:
        """Process -> CPU seconds. One that was started anew counts from nothing again."""
        spent: dict[str, float] = {}
        for (_, before), (_, after) in zip(self.usage, self.usage[1:], strict=False):
            for name, (cpu, _) in after.items():
                spent[name] = spent.get(name, 0.0) + max(0.0, cpu - before.get(name, (cpu, 0.0))[0])
        return spent

    def growth(self) -> float:
        """The most that a process grew by, from the second quarter of the run to the last, as a share."""
        held: dict[str, list[float]] = {}
        for _, usage in self.usage:
            for name, (_, rss) in usage.items():
                held.setdefault(name, []).append(rss)
        return max((_quarters_apart(rss) for rss in held.values() if len(rss) >= 8), default=0.0)

    def others_cores(self) -> float:
        """What everybody else on this machine took meanwhile, the load generators left out."""
        if len(self.busy) < 2 or self.busy[-1][0] == self.busy[0][0]:
            return 0.0
        (began, before), (ended, after) = self.busy[0], self.busy[-1]
        return max(0.0, (after - before - sum(self.cpu_s().values())) / (ended - began))

    def rss_mb(self) -> dict[str, float]:
        """Process -> the most it held."""
        most: dict[str, float] = {}
        for _, usage in self.usage:
            for name, (_, rss) in usage.items():
                most[name] = max(most.get(name, 0.0), rss)
        return most


def run(scenario: Scenario, plan: Path, where: Where, server: Server | None, folder: Path) -> ScenarioRun:
    """Talk, watch, gather. server: None where it is somebody else's."""
    folder.mkdir(parents=True, exist_ok=True)
    result, watch = folder / f"{scenario.name}.json", Watch()
    for old in (result, Path(f"{result}.began")):
        old.unlink(missing_ok=True)
    with (folder / f"{scenario.name}.log").open("wb") as log:
        generators = _generators(scenario, plan, where, result, log)
        try:
            _attend(generators, scenario, server, Path(f"{result}.began"), watch)
        finally:
            _end(generators)
    if not result.exists():
        raise LoadGeneratorFailed(_last_words(folder / f"{scenario.name}.log"))
    measures = Measures.of_json(json.loads(result.read_text())["measures"])
    return _found(scenario, measures, watch, server)


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if "ERROR" in line]
    return " ".join([line.partition(": ")[2] for line in lines[:1]] + [f"({log})"])


def _generators(scenario: Scenario, plan: Path, where: Where, result: Path, log: Any) -> "subprocess.Popen[bytes]":
    rate = scenario.crowd / max(0.1, scenario.ramp_s)
    words = ["--headless", "--only-summary", "--host", where.http, "--stop-timeout", f"{scenario.grace_s:g}"]
    words += [] if scenario.burst else ["-u", str(scenario.crowd), "-r", f"{rate:.3f}"]
    env = {"SLA_FILE": str(plan), "SLA_SCENARIO": scenario.name, "SLA_RESULT": str(result)} | where.environment()
    env |= {"SLA_SIZE": str(scenario.size), "SLA_SECONDS": str(scenario.seconds)}
    command = [sys.executable, "-m", "loadtest.clients.swarm", "-f", "loadtest/clients/locustfile.py", *words]
    # A group of their own, so that all of them can be ended, in our session: Linux weighs sessions against each other
    # before it looks at how nice anybody in them is, and the server shall be nicer than the load generators.
    env = {**os.environ, **env}
    none = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, env=env, stdin=none, stdout=log, stderr=log, process_group=0)


def _attend(
    generators: "subprocess.Popen[bytes]", scenario: Scenario, server: Server | None, began: Path, watch: Watch
) -> None:
    acts = acts_of(scenario.faults, server.processes, server.swap) if server else []
    last, start, looked = time.monotonic() + CALM_S, 0.0, 0.0
    while generators.poll() is None:
        now = time.monotonic()
        if now > last:
            return
        if not start and began.exists() and began.read_text():
            start = float(began.read_text())
            last = start + scenario.ramp_s + scenario.seconds + 2 * scenario.grace_s + 10
        if start and server:
            acts = _act(acts, now - start, watch)
            if now - looked >= 0.5:
                looked = now
                watch.usage.append((now - start, server.usage()))
                watch.busy.append((now, _busy_s()))
        time.sleep(TICK_S)


def _quarters_apart(values: list[float]) -> float:
    quarter = len(values) // 4
    return median(values[-quarter:]) / median(values[quarter : 2 * quarter]) - 1


def _busy_s() -> float:
    times = psutil.cpu_times()
    # Stolen: what the machine under this one gave to others.
    return float(times.user + times.system + sum(getattr(times, name, 0.0) for name in ("nice", "steal")))


def _act(acts: list[Act], at_s: float, watch: Watch) -> list[Act]:
    """Do what is due; give back what is left."""
    left = []
    for act in acts:
        if act.at_s <= at_s and act.do():
            watch.marks.append({"at_s": round(at_s, 2), "what": act.what})
        else:
            left.append(act)
    return left


def _end(generators: "subprocess.Popen[bytes]") -> None:
    """Its children too."""
    if generators.poll() is None:
        os.killpg(generators.pid, signal.SIGKILL)
    generators.wait()


def _found(scenario: Scenario, measures: Measures, watch: Watch, server: Server | None) -> ScenarioRun:
    facts: dict[str, float] = {}
    if server:
        facts |= {"ready": server.ready_s, "first answer": server.answered_s}
        own_cores = measures.total(CPU) / (scenario.ramp_s + scenario.seconds)
        facts["memory growth"] = watch.growth()
        facts[OTHERS] = max(0.0, watch.others_cores() - own_cores)
        if heard_s := measures.total("audio s"):
            facts["real time"] = sum(watch.cpu_s().values()) / heard_s
    recovered = recovery_s(scenario, measures)
    if recovered is not None:
        facts["recovery"] = recovered
    for fault in scenario.faults:
        if fault.what == "hang-up":
            watch.marks.append({"at_s": fault.at_s, "what": f"{fault.share:.0%} hang up"})
    usage = {"cpu_s": watch.cpu_s(), "rss_mb": watch.rss_mb()}
    notes = {"marks": watch.marks} | ({"stages": stages_of(server.spans()), **_breakers(server)} if server else {})
    return ScenarioRun(scenario, measures, facts, usage, notes)


def _breakers(server: Server) -> dict[str, Any]:
    """Circuits that are not closed, where anybody is left to tell."""
    try:
        return {"breakers": {who: state for who, state in server.breakers().items() if state != "closed"}}
    except OSError:
        return {"breakers": {"gateway": "does not answer"}}


def stages_of(spans: Mapping[str, list[tuple[str, float]]]) -> dict[str, dict[str, float]]:
    """Where the time went: process and span -> how many, p50 and p99 in milliseconds."""
    shares = {}
    for process, found in spans.items():
        for name in dict.fromkeys(name for name, _ in found):
            if name in ("queue", "batch", "engine"):
                times = [ms for each, ms in found if each == name]
                p50, p99 = np.percentile(times, (50, 99))
                shares[f"{process} {name}"] = {"count": len(times), "p50_ms": float(p50), "p99_ms": float(p99)}
    return shares
