"""`python -m loadtest.bench.transport`: what Parley itself costs, with echo for models, beside a bare grpc.aio echo.

The ways of a chunk take turns, round after round, so that whatever else the machine does hits all of them alike. What
counts are the differences within a round; the median over the rounds is told.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from loadtest.bench.findings import BARE, Run, TransportFindings, show
from loadtest.target.processes import ROOT, ServerProcesses
from parley.cli.processes.ports import free_address
from parley.wire.stages import STAGES

WRITTEN = ROOT / "build/bench/transport.json"
WIDTH = 124  # of the tables, where the terminal is narrower or none
OPAQUE = tuple(bytes([255 - n]) * size for n, size in enumerate((1, 7, 3200)))  # no protobuf message begins like this


@dataclass(frozen=True)
class BenchPlan:
    """How long and how often."""

    rounds: int
    starts: int
    seconds: dict[int, float]  # streams at a time -> length of a run


FULL = BenchPlan(rounds=3, starts=3, seconds={1: 3.0, 20: 3.5, 100: 5.0})
QUICK = BenchPlan(rounds=1, starts=1, seconds={1: 1.0, 20: 1.0, 100: 2.0})


@dataclass(frozen=True)
class Way:
    """One way that a chunk can go and come back."""

    name: str
    address: str
    service: str
    through: tuple[str, ...]  # the processes, nearest first


class Bench:
    """The processes, and the runs on them."""

    def __init__(self, folder: Path, plan: BenchPlan, tick: Callable[[str], None]) -> None:
        self._folder, self._plan, self._tick = folder, plan, tick
        self._grpc, self._http, self._bare = free_address(), free_address(), free_address()

    async def measure(self) -> TransportFindings:
        """Start, weigh, run."""
        start_s = [self._start_once(n) for n in range(self._plan.starts)]
        with ServerProcesses(self._folder / "server") as processes:
            processes.start_all(self._http, self._grpc)
            processes.start(BARE, "loadtest.bench.echo", self._bare)
            await asyncio.sleep(2.0)
            idle_mb = {name: processes.rss_mb(name) for name in processes.names}
            opaque = await self._passes_anything(processes)
            return TransportFindings(start_s, idle_mb, opaque, [run async for run in self._runs(processes)])

    def _start_once(self, number: int) -> float:
        self._tick("five processes to /readyz")
        with ServerProcesses(self._folder / f"start{number}") as processes:
            began = time.monotonic()
            processes.start_all(self._http, self._grpc)
            return time.monotonic() - began

    async def _passes_anything(self, processes: ServerProcesses) -> bool:
        """What no protobuf parser takes goes through the gateway unchanged: it does not parse."""
        self._tick("passthrough of no messages")
        address, http = free_address(), free_address()
        processes.start_gateway("opaque", http, address, dict.fromkeys(STAGES, self._bare))
        try:
            return await _comes_back(address, OPAQUE)
        finally:
            processes.stop("opaque")

    def _ways(self, processes: ServerProcesses) -> Iterator[Way]:
        yield Way(BARE, self._bare, "Denoise", (BARE,))
        yield Way("service", processes.socket("denoise"), "Denoise", ("denoise",))
        yield Way("passthrough", self._grpc, "Denoise", ("gateway", "denoise"))
        yield Way("pipeline", self._grpc, "Pipeline", ("gateway", "denoise"))

    async def _runs(self, processes: ServerProcesses) -> AsyncIterator[Run]:
        for turn in range(self._plan.rounds):
            for streams, seconds in self._plan.seconds.items():
                for way in self._ways(processes):
                    self._tick(f"round {turn + 1}: {way.name}, {streams} streams")
                    yield await run(processes, way, streams, seconds)

    @property
    def steps(self) -> int:
        """How often `tick` will be called."""
        return self._plan.starts + 1 + self._plan.rounds * len(self._plan.seconds) * 4


async def _comes_back(address: str, pieces: tuple[bytes, ...]) -> bool:
    async with grpc.aio.insecure_channel(address) as channel:
        method: Any = channel.stream_stream("/parley.v1.Denoise/Stream")
        call = method(iter(pieces), wait_for_ready=True, timeout=20)
        return tuple([answer async for answer in call]) == pieces


async def run(processes: ServerProcesses, way: Way, streams: int, seconds: float) -> Run:
    """One way at one load. CPU time is counted between the load generator's two lines: while everybody talks."""
    words = (way.address, "--service", way.service, "--streams", str(streams), "--seconds", str(seconds))
    generator = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtest.bench.paced", *words, stdout=asyncio.subprocess.PIPE, limit=1 << 26, cwd=ROOT
    )
    assert generator.stdout
    try:
        async with asyncio.timeout(seconds + 60):
            await generator.stdout.readline()
            began, before = time.monotonic(), {name: processes.cpu_s(name) for name in way.through}
            line = await generator.stdout.readline()
            wall_s = time.monotonic() - began
            cores = {name: (processes.cpu_s(name) - before[name]) / wall_s for name in way.through}
            rss_mb = {name: processes.rss_mb(name) for name in way.through}
            await generator.wait()
    finally:
        if generator.returncode is None:
            generator.kill()
    processes.check()
    p50_ms, p99_ms, lag_p99_ms = _percentiles(line)
    return Run(way.name, streams, p50_ms, p99_ms, lag_p99_ms, cores, rss_mb)


def _percentiles(line: bytes) -> tuple[float, float, float]:
    heard = json.loads(line)
    p50_ms, p99_ms = np.percentile(heard["latencies_ms"], (50, 99))
    return float(p50_ms), float(p99_ms), float(np.percentile(heard["lags_ms"], 99))


async def _measure(plan: BenchPlan, console: Console) -> TransportFindings:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)  # type: ignore[union-attr]
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder, Progress(*columns, console=console) as bar:
        task: TaskID = bar.add_task("")
        bench = Bench(Path(folder), plan, lambda what: bar.update(task, description=what, advance=1))
        bar.update(task, total=bench.steps + 1)
        return await bench.measure()


def main() -> None:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a look, in half a minute")
    plan = QUICK if parser.parse_args().quick else FULL
    console = Console()
    console.width = max(console.width, WIDTH)
    findings = asyncio.run(_measure(plan, console))
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.write_text(json.dumps(asdict(findings), indent=1) + "\n")
    show(findings, list(plan.seconds), console)
    console.print(f"Written to {WRITTEN.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
