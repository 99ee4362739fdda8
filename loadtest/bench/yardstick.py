"""What this machine's bare engines do in a second, in which the load test counts sizes. `loadtest.bench.yardstick`.

The ceiling of a scenario is how many people, or calls a second, the bare engines of its stages would serve in real
time on all cores of this machine, one job after the other, if nothing else had to be done. So a share of the ceiling
asks of every machine the same share of what it has. It takes some ten seconds, and counts CPU time: neighbours hardly
change it.
"""

import argparse
import math
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from loadtest.bench.stages import bare
from loadtest.bench.stages.row import Skipped
from loadtest.bench.stages.setup import BenchSetup
from loadtest.clients.apis.text import TEXTS
from loadtest.measured.clips import RATE_HZ
from loadtest.scenario import TEXTS as TEXT_STAGES
from loadtest.scenario import BadScenario, Scenario
from loadtest.target.processes import ROOT
from parley import machine
from parley.engines.model import ModelSpec
from parley.wire.stages import STAGES

ROUNDS, ROUND_S = 3, 0.35  # the best of so many counts: a neighbour who shares a cache makes a round slower
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # what a container may take of its machine
UTTERANCE_S, TAIL_S, TOKENS = 5.0, 0.5, 20  # what somebody says in one breath, and how long that is in tokens
FILE_S = 7.0  # what a recording lasts that is sent whole: the mean of loadtest/speech
WORKS_ON = {  # measure -> whose jobs it waits for
    "chunk": ("denoise",),
    "final": ("asr",),
    "first partial": ("asr",),
    "ttfs": ("asr",),
    "turn": ("diarize",),
    "translation": ("asr", "translate"),
    "rest": ("asr",),
}
Work = Callable[[], object]

SEGMENT_S, SEGMENT_HOP_S = 10.0, 2.0  # of a segmentation, where a model does not say


@dataclass(frozen=True)
class Pace:
    """Of one stage's bare engine: seconds of sound a second, or sentences."""

    one: float  # on one core
    all: float  # on all of them
    job_ms: float  # one job on one core: an utterance of five seconds, a frame, a window, a sentence


@dataclass(frozen=True)
class Yardstick:
    """What one machine does."""

    paces: Mapping[str, Pace]  # of the stages that have a model
    cores: float

    def ceiling(self, scenario: Scenario) -> float:
        """How many people, or calls a second, fill this machine's bare engines."""
        used = {stage: share for stage, share in demand(scenario).items() if stage in self.paces}
        if not used:
            raise BadScenario(f"[{scenario.name}]: its stages have no models to measure; say how many: --people N.")
        return 1 / sum(share / self.paces[stage].all for stage, share in used.items())

    def jobs_ms(self, scenario: Scenario, measure: str) -> float:
        """How long the bare engines take for what somebody waits for, one job of each on one core."""
        stages = WORKS_ON.get("rest" if measure.startswith("rest") else measure, ())
        return sum(self.paces[each].job_ms for each in stages if each in demand(scenario) and each in self.paces)

    def fitted(self, scenario: Scenario, patience: float) -> Scenario:
        """The scenario at its size on this machine, with the times that are promised on it."""
        sized = scenario.sized(self.ceiling(scenario)) if scenario.ceiling_share else scenario
        return sized.granted(lambda measure: patience * self.jobs_ms(scenario, measure))

    def to_json(self) -> dict[str, Any]:
        """For a report."""
        return {"cores": self.cores, "paces": {stage: asdict(pace) for stage, pace in self.paces.items()}}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Self:
        """Back again."""
        return cls({stage: Pace(**pace) for stage, pace in data["paces"].items()}, float(data["cores"]))

    def __str__(self) -> str:
        units = dict.fromkeys(TEXT_STAGES, "sentences a second")
        lines = [
            f"{stage} {pace.one:.3g} on one core, {pace.all:.3g} on {self.cores:g} ({pace.job_ms:.3g} ms a job)"
            + (f" {units[stage]}" if stage in units else "")
            for stage, pace in self.paces.items()
        ]
        return "; ".join(lines) or "no stage has a model"


def demand(scenario: Scenario) -> dict[str, float]:
    """What one person, or one call a second, asks of each stage: seconds of sound a second, or sentences."""
    if scenario.api in STAGES:
        return {scenario.api: 1.0}
    if scenario.api == "pipeline":
        return {stage: 1 / UTTERANCE_S if STAGES[stage].is_rewriter else 1.0 for stage in scenario.stages}
    return {"asr": FILE_S if scenario.api == "rest" else 1.0}


def measure(settings: Path) -> Yardstick:
    """Of the models that the settings name."""
    cores, paces = cores_here(), {}
    with tempfile.TemporaryDirectory(prefix="parley-ceiling-") as folder:
        setup = BenchSetup(Path(folder), settings)
        for stage in JOBS:
            try:
                paces[stage] = _pace(stage, setup.weights(stage), cores)
            except Skipped:
                continue  # an echo, which does nothing
    return Yardstick(paces, cores)


def cores_here() -> float:
    """That this process may use; a container's share of them counts."""
    allowed = machine.cores()
    most, _, every = QUOTA.read_text().partition(" ") if QUOTA.exists() else ("max", "", "")
    return allowed if most == "max" else min(allowed, int(most) / int(every))


def _pace(stage: str, spec: ModelSpec, cores: float) -> Pace:
    threads = math.ceil(cores)
    work, worth = JOBS[stage](spec, threads)
    one, together = (cpu_s(work, each) for each in (1, threads))
    return Pace(worth / one, cores * worth / together, 1000 * one)


def cpu_s(work: Work, threads: int) -> float:
    """What a job costs where so many do one after the other."""
    work()  # what is made at the first call is no measure
    return min(_cpu_s(work, threads) for _ in range(ROUNDS))


def _cpu_s(work: Work, threads: int) -> float:
    began, before, done = time.perf_counter(), time.process_time(), [0] * threads

    def again_and_again(me: int) -> None:
        while not done[me] or time.perf_counter() - began < ROUND_S:
            work()
            done[me] += 1

    workers = [threading.Thread(target=again_and_again, args=(n,)) for n in range(threads)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    return (time.process_time() - before) / sum(done)


def _asr(spec: ModelSpec, cores: int) -> tuple[Work, float]:
    """An utterance, encoded and written down greedily; a fixed number of tokens, for the sound is noise."""
    return bare.utterance(spec, cores, UTTERANCE_S + TAIL_S, TOKENS), UTTERANCE_S


def _denoise(spec: ModelSpec, _: int) -> tuple[Work, float]:
    """One frame of one stream."""
    graph, hop = bare.graph(spec.folder / "model.onnx"), int(spec.options["hop"])
    return _graph(graph, {spec.options["input"]: (1, hop)}), hop / RATE_HZ


def _diarize(spec: ModelSpec, _: int) -> tuple[Work, float]:
    """One window; the next begins half of it later. With a segmentation: one showing of it, and the windows since."""
    window_s = float(spec.options["window_s"])
    hop_s = float(spec.options.get("hop_s", window_s / 2))
    window = _sound(spec, spec.graphs.get("embedding", "model.onnx"), window_s)
    if "segmentation" not in spec.graphs:
        return window, hop_s
    showing = _sound(spec, spec.graphs["segmentation"], float(spec.options.get("segment_s", SEGMENT_S)))
    worth_s = float(spec.options.get("segment_hop_s", SEGMENT_HOP_S))

    def both() -> None:
        showing()
        for _ in range(round(worth_s / hop_s)):
            window()

    return both, worth_s


def _sound(spec: ModelSpec, file: str, seconds: float) -> Work:
    """One graph, shown so much."""
    return _graph(bare.graph(spec.folder / file), {spec.options.get("input", "audio"): (1, round(seconds * RATE_HZ))})


def _graph(graph: bare.BareGraph, sounds: Mapping[str, tuple[int, ...]]) -> Work:
    shapes = {name: tuple(n if isinstance(n, int) else 1 for n in shape) for name, shape in graph.inputs.items()}
    noise = np.random.default_rng(0)
    feeds = {name: noise.normal(0, 0.05, shape).astype(np.float32) for name, shape in {**shapes, **sounds}.items()}
    return lambda: graph.run(feeds)


def _translate(spec: ModelSpec, cores: int) -> tuple[Work, float]:
    """One sentence, all of them in turn."""
    translate = bare.translator(spec, cores)
    sentences = [line.split("\t")[0] for line in TEXTS.read_text("utf-8").splitlines()]
    turn = iter(range(1 << 60))
    return lambda: translate(sentences[next(turn) % len(sentences)], "en", "de"), 1.0


JOBS: Mapping[str, Callable[[ModelSpec, int], tuple[Work, float]]] = {
    "asr": _asr,
    "denoise": _denoise,
    "diarize": _diarize,
    "translate": _translate,
}


def main(words: Sequence[str] | None = None) -> None:
    """Measure, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", type=Path, default=ROOT / "deploy/config")
    print(str(measure(parser.parse_args(words).settings)).replace("; ", "\n"))


if __name__ == "__main__":
    main()
