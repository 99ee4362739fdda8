"""`python -m loadtest.bench.jobs FOLDER`: recordings as background jobs beside the same sent one by one over HTTP.

Both ways take turns, as many recordings at a time; what counts is the ratio within a round. Then a thousand jobs are
queued with echo models, for what the queue itself costs.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from loadtest.target.processes import ROOT, ServerProcesses
from parley.cli.processes.ports import free_address
from parley.jobs.job import SOUNDS
from parley.wire.stages import STAGES

WRITTEN = ROOT / "build/bench/jobs.json"
AT_ONCE, QUEUED, PATIENCE_S, LOOK_S = 4, 1000, 1200.0, 0.25
OPEN = ("queued", "running")
Serving = tuple[ServerProcesses, httpx.AsyncClient, tuple[str, str]]


@dataclass(frozen=True)
class JobsFindings:
    """Everything that was measured."""

    recordings: int
    bare_s: list[float]  # of each round
    jobs_s: list[float]
    queued_s: float  # a thousand
    queued_cpu_s: float  # of the gateway meanwhile
    worker_cpu_s: float  # for the same thousand, decoding and gRPC too

    @property
    def share(self) -> float:
        """How much of the bare throughput jobs reach, in the middle round."""
        return statistics.median(bare / jobs for bare, jobs in zip(self.bare_s, self.jobs_s, strict=True))


@contextmanager
def serving(folder: Path, configs: str, stages: Sequence[str]) -> Iterator[Serving]:
    """Services, a gateway, and a worker as it ships; its addresses for HTTP and gRPC."""
    http, grpc = free_address(), free_address()
    with ServerProcesses(folder, configs) as processes:
        for stage in stages:
            processes.start_service(stage)
        kept = str(folder / "jobs")
        upstreams = {stage: processes.socket(stage) for stage in stages}
        processes.start_gateway("gateway", http, grpc, upstreams, PARLEY_JOBS__FOLDER=kept)
        processes.await_ready(http)
        own = {"PARLEY_FOLDER": kept, "PARLEY_GATEWAY": grpc, "PARLEY_TELEMETRY__METRICS": free_address()}
        processes.start("jobs", "services.jobs", "--config", "deploy/config/jobs.toml", **own)
        where = (f"http://{http}", grpc)
        yield processes, httpx.AsyncClient(base_url=where[0], timeout=PATIENCE_S), where


def recordings(folder: Path, most: int) -> list[bytes]:
    """Those in a folder, in order of name."""
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix in SOUNDS][:most]
    return [path.read_bytes() for path in paths]


async def _each(files: Sequence[bytes], send: Callable[[bytes], Awaitable[Any]]) -> None:
    """So many at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(file: bytes) -> None:
        async with places:
            await send(file)

    await asyncio.gather(*map(one, files))


async def _bare(client: httpx.AsyncClient, files: Sequence[bytes]) -> float:
    began = time.monotonic()

    async def send(file: bytes) -> None:
        sent: Any = {
            "files": {"file": ("talk", file)},
            "data": {"model": "whisper-1", "response_format": "verbose_json"},
        }
        (await client.post("/v1/audio/transcriptions", **sent)).raise_for_status()

    await _each(files, send)
    return time.monotonic() - began


async def submit(client: httpx.AsyncClient, files: Sequence[bytes], batch: str) -> float:
    """Send them all, as many at a time as the other way does; how long it took."""
    began = time.monotonic()

    async def send(file: bytes) -> None:
        sent: Any = {"files": {"file": ("talk", file)}, "data": {"batch": batch}}
        (await client.post("/v1/jobs", **sent)).raise_for_status()

    await _each(files, send)
    return time.monotonic() - began


async def _ended(client: httpx.AsyncClient, batch: str, wanted: int) -> None:
    while True:
        summary = (await client.get("/v1/jobs", params={"batch": batch, "limit": 1})).json()["summary"]
        if not any(summary[state]["jobs"] for state in OPEN):
            break
        await asyncio.sleep(LOOK_S)
    if summary["done"]["jobs"] != wanted:
        raise RuntimeError(f"Not all jobs were done: {summary}")


async def _jobs(client: httpx.AsyncClient, files: Sequence[bytes], batch: str) -> float:
    """From the first upload to the last result."""
    began = time.monotonic()
    await submit(client, files, batch)
    await _ended(client, batch, len(files))
    return time.monotonic() - began


async def _measure(folder: Path, files: Sequence[bytes], rounds: int, console: Console) -> JobsFindings:
    bare_s, jobs_s = list[float](), list[float]()
    with serving(folder / "real", "deploy/config", ("asr",)) as (_, client, _):
        await _bare(client, files[:AT_ONCE])  # the first are no measure
        for turn in range(rounds):
            bare_s.append(await _bare(client, files))
            jobs_s.append(await _jobs(client, files, f"round-{turn}"))
            console.print(f"round {turn + 1} of {rounds}: bare {bare_s[-1]:.1f} s, as jobs {jobs_s[-1]:.1f} s")
    console.print(f"{QUEUED} jobs with echo models")
    with serving(folder / "echo", "deploy/echo", tuple(STAGES)) as (processes, client, _):
        gateway_s, worker_s = processes.cpu_s("gateway"), processes.cpu_s("jobs")
        queued_s = await submit(client, [files[0]] * QUEUED, "many")
        gateway_s = processes.cpu_s("gateway") - gateway_s
        await _ended(client, "many", QUEUED)
        worker_s = processes.cpu_s("jobs") - worker_s
    return JobsFindings(len(files), bare_s, jobs_s, queued_s, gateway_s, worker_s)


def _table(found: JobsFindings) -> Table:
    table = Table("", "aim", "measured", title="Background jobs beside the same recordings over HTTP")
    times = ", ".join(f"{jobs:.1f} beside {bare:.1f} s" for bare, jobs in zip(found.bare_s, found.jobs_s, strict=True))
    table.add_row(f"{found.recordings} recordings: throughput", ">= 90 %", f"{100 * found.share:.0f} % ({times})")
    table.add_row(f"{QUEUED} jobs queued", "< 20 s", f"{found.queued_s:.1f} s")
    table.add_row("CPU of the gateway, a job", "", f"{1000 * found.queued_cpu_s / QUEUED:.1f} ms")
    table.add_row("CPU of the worker, a job, with decoding", "< 50 ms", f"{1000 * found.worker_cpu_s / QUEUED:.1f} ms")
    return table


def main() -> None:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description="Background jobs beside the same recordings over HTTP.")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "examples")
    parser.add_argument("--most", type=int, default=100, help="recordings of the folder")
    parser.add_argument("--rounds", type=int, default=3)
    options, console = parser.parse_args(), Console()
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        files = recordings(options.folder, options.most)
        found = asyncio.run(_measure(Path(folder), files, options.rounds, console))
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.write_text(json.dumps(asdict(found), indent=1) + "\n")
    console.print(_table(found))
    console.print(f"Written to {WRITTEN.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
