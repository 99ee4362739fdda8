"""What the transport bench found, beside what is aimed at. Must not know how it was measured."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

LATE_MS = 5.0  # a load generator that is later than this at its p99 measures itself
BARE = "bare echo"
Key = Callable[["Run"], float]


@dataclass(frozen=True)
class Run:
    """What one way cost at one load in one round."""

    way: str
    streams: int
    p50_ms: float
    p99_ms: float
    lag_p99_ms: float
    cores: dict[str, float]  # process -> share of a core while everybody talked
    rss_mb: dict[str, float]


@dataclass(frozen=True)
class TransportFindings:
    """Everything that was measured."""

    start_s: list[float]
    idle_mb: dict[str, float]
    opaque: bool  # the gateway passes what cannot be parsed
    runs: list[Run]

    def of(self, way: str, streams: int) -> list[Run]:
        """A way's runs at one load, in the order of the rounds."""
        return [run for run in self.runs if (run.way, run.streams) == (way, streams)]

    def middle(self, way: str, streams: int, key: Key) -> float:
        """The median over the rounds."""
        return statistics.median(key(run) for run in self.of(way, streams))

    def added(self, way: str, streams: int, key: Key) -> float:
        """By how much it is above the bare echo of the same round."""
        pairs = zip(self.of(way, streams), self.of(BARE, streams), strict=True)
        return statistics.median(key(run) - key(bare) for run, bare in pairs)

    def times(self, way: str, streams: int, key: Key) -> float:
        """How many times the bare echo of the same round it is."""
        pairs = zip(self.of(way, streams), self.of(BARE, streams), strict=True)
        return statistics.median(key(run) / key(bare) for run, bare in pairs)


def _p50(run: Run) -> float:
    return run.p50_ms


def _p99(run: Run) -> float:
    return run.p99_ms


def _cores(run: Run) -> float:
    return sum(run.cores.values())


def show(found: TransportFindings, loads: Sequence[int], console: Console) -> None:
    """Two tables: every way at every load, and the aims."""
    console.print(_ways(found, loads))
    console.print(_aims(found, max(loads)))
    late = [f"{run.way} at {run.streams} ({run.lag_p99_ms:.1f} ms)" for run in found.runs if run.lag_p99_ms > LATE_MS]
    if late:
        console.print(f"[yellow]The load generator itself was late, so these say little: {', '.join(late)}.")


def _ways(found: TransportFindings, loads: Sequence[int]) -> Table:
    table = Table(title="A chunk of 100 ms, there and back; medians of the rounds", title_justify="left")
    for name in ("streams", "way"):
        table.add_column(name)
    for name in ("p50 ms", "p99 ms", "added p50", "added p99", "CPU x bare", "core", "CPU s/stream-h", "RSS MB"):
        table.add_column(name, justify="right", no_wrap=True)
    for streams in loads:
        for way in dict.fromkeys(run.way for run in found.runs):
            table.add_row(str(streams), way, *_row(found, way, streams))
        table.add_section()
    return table


def _row(found: TransportFindings, way: str, streams: int) -> Iterable[str]:
    names = found.of(way, streams)[0].cores
    cores = [found.middle(way, streams, lambda run, name=name: run.cores[name]) for name in names]  # type: ignore[misc]
    rss = [found.middle(way, streams, lambda run, name=name: run.rss_mb[name]) for name in names]  # type: ignore[misc]
    yield f"{found.middle(way, streams, _p50):.2f}"
    yield f"{found.middle(way, streams, _p99):.2f}"
    yield f"{found.added(way, streams, _p50):+.2f}"
    yield f"{found.added(way, streams, _p99):+.2f}"
    yield f"{found.times(way, streams, _cores):.1f}"
    yield " + ".join(f"{each:.3f}" for each in cores)
    yield " + ".join(f"{3600 * each / streams:.1f}" for each in cores)
    yield " + ".join(f"{each:.0f}" for each in rss)


def _aims(found: TransportFindings, most: int) -> Table:
    table = Table("", "aim", "measured", "", title="Aims", title_justify="left")
    for what, aim, measured, unit in _measured(found, most):
        mark = "[green]kept" if measured <= aim else "[red]missed"
        table.add_row(what, f"<= {aim:g}{unit}", f"{measured:.3g}{unit}", mark)
    mark = "[green]kept" if found.opaque else "[red]missed"
    table.add_row("passthrough moves bytes without parsing", "yes", "yes" if found.opaque else "no", mark)
    return table


def _measured(found: TransportFindings, most: int) -> Iterable[tuple[str, float, float, str]]:
    services = [rss for name, rss in found.idle_mb.items() if name not in ("gateway", BARE)]
    for way in ("passthrough", "pipeline"):
        yield f"added p99, {way}, {most} streams", 20, found.added(way, most, _p99), " ms"
        yield f"gateway + one service, {way}, {most} streams", 0.6, found.middle(way, most, _cores), " core"
    yield "gateway, idle", 120, found.idle_mb["gateway"], " MB"
    yield "an echo service, idle (the largest of four)", 90, max(services), " MB"
    yield "start of everything to /readyz", 3, statistics.median(found.start_s), " s"
