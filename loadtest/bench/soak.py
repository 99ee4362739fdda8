"""`python -m loadtest.bench.soak`: streams opened, finished, hung up; memory and open files must stay flat.

Flat means: the median of the last quarter is not above that of the second by more than a few percent. The first quarter
does not count: libraries take their memory when they are first used.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from statistics import median

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from loadtest.bench.misbehaving import MisbehavingClient
from loadtest.target.processes import ROOT, ServerProcesses
from parley.cli.processes.ports import free_address
from parley.wire.stages import STAGES

WRITTEN = ROOT / "build/bench/soak.json"
EVERY_S = 5.0
GROWTH, FILES = 0.05, 8  # how much more memory, how many more files may be held at the end
MOST_MB = 300.0
BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Soaked:
    """One process, sample by sample."""

    rss_mb: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """From the second quarter to the last, as a share."""
        early, late = quarters(self.rss_mb)
        return late / early - 1

    @property
    def is_flat(self) -> bool:
        """It holds no more at the end than it did when everything had been used once."""
        early, late = quarters(self.files)
        return self.growth <= GROWTH and late <= early + FILES and max(self.rss_mb) <= MOST_MB


def quarters(values: list[float] | list[int]) -> tuple[float, float]:
    """The medians of the second and of the last quarter."""
    size = max(1, len(values) // 4)
    return median(values[size : 2 * size] or values), median(values[-size:])


@dataclass(frozen=True)
class SoakFindings:
    """How the streams ended, and what each process held meanwhile."""

    outcomes: Counter[str] = field(default_factory=Counter)
    processes: dict[str, Soaked] = field(default_factory=dict)

    def weigh(self, processes: ServerProcesses) -> None:
        """One more sample of everybody."""
        processes.check()
        for name in processes.names:
            found = self.processes.setdefault(name, Soaked())
            found.rss_mb.append(processes.rss_mb(name))
            found.files.append(processes.files(name))


async def soak(processes: ServerProcesses, address: str, minutes: float, streams: int, bar: Progress) -> SoakFindings:
    """Callers come and go while the processes are measured."""
    findings, task = SoakFindings(), bar.add_task("", total=60 * minutes)
    callers = [MisbehavingClient(address, Random(n), findings.outcomes) for n in range(streams)]
    calling = [asyncio.create_task(caller.call_again_and_again()) for caller in callers]
    began = time.monotonic()
    try:
        while (spent := time.monotonic() - began) < 60 * minutes:
            bar.update(task, completed=spent, description=f"{findings.outcomes.total()} streams")
            await asyncio.sleep(EVERY_S)
            findings.weigh(processes)
    finally:
        for each in calling:
            each.cancel()
        await asyncio.gather(*calling, return_exceptions=True)
    return findings


def drawn(values: list[float], width: int = 40) -> str:
    """A small curve from nothing to the most."""
    step, top = max(1, len(values) // width), max(values)
    return "".join(BARS[int(value / top * (len(BARS) - 1))] for value in values[::step])


def table(weighed: dict[str, Soaked], flat: Callable[[Soaked], bool] = lambda found: found.is_flat) -> Table:
    """What each process held, and whether that is flat."""
    shown = Table("process", "RSS MB at the end", "most", "growth", "files at the end", "RSS over time", "")
    for name, found in weighed.items():
        verdict = "flat" if flat(found) else "[red]not flat"
        numbers = (f"{found.rss_mb[-1]:.0f}", f"{max(found.rss_mb):.0f}", f"{found.growth:+.1%}", f"{found.files[-1]}")
        shown.add_row(name, *numbers, drawn(found.rss_mb), verdict)
    return shown


async def measure(minutes: float, streams: int, configs: str, console: Console) -> SoakFindings:
    """Start the processes, soak them, end them."""
    grpc, http = free_address(), free_address()
    with (
        tempfile.TemporaryDirectory(prefix="parley-soak-") as folder,
        ServerProcesses(Path(folder), configs) as processes,
    ):
        for stage in STAGES:
            processes.start_service(stage)
        processes.start_gateway("gateway", http, grpc, {stage: processes.socket(stage) for stage in STAGES})
        processes.await_ready(http)
        with Progress(console=console) as progress:
            return await soak(processes, grpc, minutes, streams, progress)


def lines(outcomes: Counter[str]) -> Iterator[str]:
    """How the streams ended."""
    yield ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    yield f"Written to {WRITTEN.relative_to(ROOT)}."


def main() -> None:
    """Soak, show, write down; the exit code says whether all stayed flat."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--streams", type=int, default=12, help="callers at a time")
    parser.add_argument("--config", default="deploy/config", help="folder of the processes' files")
    asked, console = parser.parse_args(), Console()
    findings = asyncio.run(measure(asked.minutes, asked.streams, asked.config, console))
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    processes = {name: asdict(found) for name, found in findings.processes.items()}
    WRITTEN.write_text(json.dumps({"outcomes": findings.outcomes, "processes": processes}) + "\n")
    console.print(table(findings.processes), *lines(findings.outcomes), sep="\n")
    raise SystemExit(0 if all(found.is_flat for found in findings.processes.values()) else 1)


if __name__ == "__main__":
    main()
