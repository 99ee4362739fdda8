"""Processes weighed while they are called: memory and open files must stay flat. Must not know who calls.

Flat means: the median of the last quarter is not above that of the second by more than a little. The first quarter does
not count: libraries take their memory when they are first used.
"""

import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from loadtest.target.processes import ServerProcesses
from parley.cli.processes.ports import free_address

EVERY_S = 5.0
GROWTH, FILES = 0.05, 8  # how much more memory, how many more files may be held at the end
MOST_MB = 300.0
BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class WeighedProcess:
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


class Scales:
    """What each process holds, again and again."""

    def __init__(self, processes: ServerProcesses) -> None:
        self._processes = processes
        self.found: dict[str, WeighedProcess] = {}

    def weigh(self) -> None:
        """One more sample of everybody."""
        self._processes.check()
        for name in self._processes.names:
            each = self.found.setdefault(name, WeighedProcess())
            each.rss_mb.append(self._processes.rss_mb(name))
            each.files.append(self._processes.files(name))


Flat = Callable[[WeighedProcess], bool]
Calls = Callable[[str, Scales, Progress], Awaitable[None]]  # an address, while they are weighed


async def weighed(configs: str, console: Console, calls: Calls) -> dict[str, WeighedProcess]:
    """Start every process, call them, end them."""
    grpc, http = free_address(), free_address()
    with (
        tempfile.TemporaryDirectory(prefix="parley-bench-") as folder,
        ServerProcesses(Path(folder), configs) as processes,
    ):
        processes.start_all(http, grpc)
        scales = Scales(processes)
        with Progress(console=console) as bar:
            await calls(grpc, scales, bar)
        return scales.found


def write(path: Path, found: Mapping[str, WeighedProcess], **more: Any) -> None:
    """Every sample, and what else was found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    processes = {name: asdict(each) for name, each in found.items()}
    path.write_text(json.dumps({**more, "processes": processes}) + "\n")


def drawn(values: list[float], width: int = 40) -> str:
    """A small curve from nothing to the most."""
    step, top = max(1, len(values) // width), max(values)
    return "".join(BARS[int(value / top * (len(BARS) - 1))] for value in values[::step])


def table(
    found: Mapping[str, WeighedProcess], flat: Callable[[WeighedProcess], bool] = lambda each: each.is_flat
) -> Table:
    """What each process held, and whether that is flat."""
    shown = Table("process", "RSS MB at the end", "most", "growth", "files at the end", "RSS over time", "")
    for name, each in found.items():
        verdict = "flat" if flat(each) else "[red]not flat"
        numbers = (f"{each.rss_mb[-1]:.0f}", f"{max(each.rss_mb):.0f}", f"{each.growth:+.1%}", f"{each.files[-1]}")
        shown.add_row(name, *numbers, drawn(each.rss_mb), verdict)
    return shown
