"""`python -m loadtest.bench.live_with_jobs FOLDER`: people who speak, without and with recordings worked on as jobs.

The server is one; its scenario `live-asr` runs first alone, then while a queue of recordings is never empty.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from loadtest.bench.jobs import recordings, serving, submit
from loadtest.target.processes import ROOT
from parley.wire.stages import STAGES

WRITTEN = ROOT / "build/bench/live-with-jobs.json"
LONG_S = 600.0  # a run of the scenario, with its yardstick


async def _judged(server: tuple[str, str], people: int, folder: Path) -> list[dict[str, Any]]:
    """The promises of the scenario, as measured."""
    where = ("--host", server[0], "--grpc", server[1], "--size", str(people), "--out", str(folder), "--once")
    command = (sys.executable, "-m", "loadtest.sla", "live-asr", *where)
    run = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        await asyncio.wait_for(run.wait(), LONG_S)
    finally:
        if run.returncode is None:
            run.kill()
    promises: list[dict[str, Any]] = json.loads((folder / "report.json").read_text())["scenarios"][0]["promises"]
    return promises


async def _queue_kept_full(client: httpx.AsyncClient, files: Sequence[bytes]) -> None:
    """As soon as half of the recordings are done they are submitted once more."""
    while True:
        summary = (await client.get("/v1/jobs", params={"limit": 1})).json()["summary"]
        if summary["queued"]["jobs"] < len(files) / 2:
            await submit(client, files, "beside")
        await asyncio.sleep(1)


async def _measure(folder: Path, files: Sequence[bytes], people: int) -> dict[str, list[dict[str, Any]]]:
    with serving(folder, "deploy/config", tuple(STAGES)) as (_, client, where):
        alone = await _judged(where, people, folder / "alone")
        queue = asyncio.create_task(_queue_kept_full(client, files))
        try:
            beside = await _judged(where, people, folder / "beside")
        finally:
            queue.cancel()
            with suppress(asyncio.CancelledError):
                await queue
        done = (await client.get("/v1/jobs", params={"limit": 1})).json()["summary"]["done"]
    return {"alone": alone, "beside": beside, "done": [done]}


def _table(found: dict[str, list[dict[str, Any]]]) -> Table:
    table = Table("live-asr", "limit", "without jobs", "with jobs", "", title="People who speak beside background jobs")
    for one, two in zip(found["alone"], found["beside"], strict=True):
        name = f"{one['measure']} {one['statistic']}"
        table.add_row(name, *(f"{each:.4g}" for each in (two["limit"], one["value"], two["value"])), two["verdict"])
    return table


def main() -> None:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description="People who speak, without and with background jobs.")
    parser.add_argument("folder", type=Path, help="of recordings")
    parser.add_argument("--most", type=int, default=120, help="recordings of the folder")
    parser.add_argument("--people", type=int, default=8)
    options, console = parser.parse_args(), Console()
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        found = asyncio.run(_measure(Path(folder), recordings(options.folder, options.most), options.people))
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.write_text(json.dumps(found, indent=1) + "\n")
    console.print(_table(found))
    console.print(f"{found['done'][0]['jobs']} jobs were done meanwhile. Written to {WRITTEN.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
