"""`python -m loadtest.bench.gateway`: what the gateway adds to calling the services directly; echo for models.

As in `loadtest.transport` the ways take turns; what counts are the differences within a round.
"""

import asyncio
import json
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loadtest.bench.findings import LATE_MS, Run
from loadtest.bench.transport import WIDTH, Way, run
from loadtest.bench.uploads import SECONDS as SOUND_S
from loadtest.bench.uploads import Upload, recordings, upload
from loadtest.target.processes import ROOT, ServerProcesses
from parley.cli.processes.ports import free_address

WRITTEN = ROOT / "build/bench/gateway.json"
ROUNDS, STREAMS, SECONDS, MANY = 3, 50, 4.0, 100
DIRECT, THROUGH, KINDS = "service", ("passthrough", "pipeline"), ("Denoise", "Pipeline")


@dataclass(frozen=True)
class GatewayFindings:
    """Everything that was measured, and the aims beside it."""

    runs: list[Run]
    uploads: list[Upload]

    def added_ms(self, way: str) -> float:
        """The p99 of a chunk over the same round's without the gateway."""
        pairs = zip(self._of(way, STREAMS), self._of(DIRECT, STREAMS), strict=True)
        return statistics.median(through.p99_ms - direct.p99_ms for through, direct in pairs)

    def rss_mb(self) -> float:
        """The gateway's memory at many streams, at its worst."""
        return max(run.rss_mb["gateway"] for way in THROUGH for run in self._of(way, MANY))

    def upload(self, what: str) -> Upload:
        """The middle one of a kind."""
        each = sorted((each for each in self.uploads if each.what == what), key=lambda each: each.share)
        return each[len(each) // 2]

    def _of(self, way: str, streams: int) -> list[Run]:
        return [run for run in self.runs if (run.way, run.streams) == (way, streams)]

    def late(self) -> list[str]:
        """Runs in which the load generator itself was late."""
        return [f"{each.way} at {each.streams}" for each in self.runs if each.lag_p99_ms > LATE_MS]


async def _measure(folder: Path, console: Console) -> GatewayFindings:
    http, grpc = free_address(), free_address()
    with ServerProcesses(folder) as processes:
        processes.start_all(http, grpc)
        uploads = _uploads(processes, http, console)
        return GatewayFindings(await _runs(processes, grpc, console), uploads)


async def _runs(processes: ServerProcesses, grpc: str, console: Console) -> list[Run]:
    direct = Way(DIRECT, processes.socket("denoise"), "Denoise", ("denoise",))
    through = [Way(name, grpc, kind, ("gateway", "denoise")) for name, kind in zip(THROUGH, KINDS, strict=True)]
    runs = []
    for turn in range(ROUNDS):
        console.print(f"round {turn + 1} of {ROUNDS}: {STREAMS} streams")
        runs += [await run(processes, way, STREAMS, SECONDS) for way in (direct, *through)]
    console.print(f"{MANY} streams")
    return runs + [await run(processes, way, MANY, SECONDS) for way in through]


def _uploads(processes: ServerProcesses, http: str, console: Console) -> list[Upload]:
    """Before the streams: a gateway that has had a hundred of them has other things to tidy up."""
    files = list(recordings())
    upload(processes, http, "the first of all", files[0][1])  # what is imported and compiled once is no measure
    uploads = []
    for turn in range(ROUNDS):
        console.print(f"round {turn + 1} of {ROUNDS}: recordings of ten minutes")
        uploads += [upload(processes, http, what, file) for what, file in files]
    return uploads


def _table(found: GatewayFindings) -> Table:
    table = Table("", "aim", "measured", title="What the gateway adds, medians of the rounds", title_justify="left")
    for way in THROUGH:
        row = f"{found.added_ms(way):+.1f} ms"
        table.add_row(f"p99 of a 100 ms chunk at {STREAMS} streams, {way}", "<= 15 ms", row)
    table.add_row(f"gateway's memory at {MANY} streams", "<= 250 MB", f"{found.rss_mb():.0f} MB")
    for what in dict.fromkeys(each.what for each in found.uploads):
        table.add_row(f"ten minutes over REST, {what}", "< 5 % of a core over decoding", _upload(found.upload(what)))
    return table


def _upload(each: Upload) -> str:
    text = f"{each.over_s:.2f} s over the {each.decode_s:.2f} s of decoding"
    shares = (
        f"{100 * each.over_s / SOUND_S:.2f} % while it plays, {100 * each.share:.0f} % of {each.wall_s:.1f} s of work"
    )
    return f"{text}: {shares}"


def main() -> None:
    """Measure, show, write down."""
    console = Console()
    console.width = max(console.width, WIDTH)
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        found = asyncio.run(_measure(Path(folder) / "server", console))
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.write_text(json.dumps(asdict(found), indent=1) + "\n")
    console.print(_table(found))
    if late := found.late():
        console.print(f"[yellow]The load generator itself was late, so these say little: {', '.join(late)}.")
    console.print(f"Written to {WRITTEN.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
