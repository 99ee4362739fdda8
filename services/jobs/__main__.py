"""`python -m services.jobs`: works on jobs until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from parley import config, disk, machine, telemetry
from parley.errors import BadConfig
from services.jobs.config import WorkerConfig
from services.jobs.name import taken
from services.jobs.worker import Worker


def main() -> None:
    """Read the config and work."""
    parser = argparse.ArgumentParser(description="Parley's worker of background jobs.")
    parser.add_argument("--config", type=Path, default=Path("deploy/config/jobs.toml"))
    try:
        settings = config.load(WorkerConfig, parser.parse_args().config)
        machine.raise_file_limit()
        telemetry.set_up("jobs", settings.telemetry, [settings.token])
        with taken(Path(settings.folder)) as name:
            uvloop.run(work(settings, name))
    except BadConfig as error:
        sys.exit(f"jobs: {error}")


async def work(settings: WorkerConfig, name: str) -> None:
    """Until a signal; what is being worked on then is put back."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    telemetry.watch_tasks()
    disk.note({"jobs": settings.folder, "temporary": disk.temporary()})
    await Worker(settings, name).run(stop)


main()
