"""A service as a real process, on a Unix socket."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc

from parley.cli.processes.launcher import Command
from parley.client import Client, dial, requests_of
from parley.v1 import models_pb2 as v1
from parley.wire.stages import STAGES
from tests.contract.source import ROOT
from tests.fakes import PATIENCE_S

_numbers = itertools.count(1)
REQUESTS: dict[str, Any] = {stage.service.name: stage.request for stage in STAGES.values()}


def environment(address: str, **more: str) -> dict[str, str]:
    """Ours alone: what the test's own shell sets must not reach the process. It echoes unless told otherwise."""
    ours = {"PARLEY_LISTEN": address, "PARLEY_TELEMETRY__METRICS": "", "PARLEY_MODELS": "echo@1", **more}
    return {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")} | ours


def command(stage: str, folder: Path, env: Mapping[str, str], *arguments: str) -> Command:
    """How to start it, with a log of its own in that folder."""
    words = (sys.executable, "-m", f"services.{stage}", *arguments)
    return Command(stage, words, ROOT, folder / f"{stage}-{next(_numbers)}.log", env)


@dataclass
class Running:
    """A service that serves."""

    stage: str
    address: str
    command: Command
    process: subprocess.Popen[bytes]
    channel: grpc.aio.Channel
    client: Client

    @property
    def service(self) -> str:
        return self.stage.capitalize()

    async def ask(self, config: Mapping[str, Any], items: Iterable[Any], **options: Any) -> list[Any]:
        """A whole stream: every answer."""
        kind = REQUESTS[self.service]
        requests = requests_of(kind, kind(config=dict(config)).config, list(items))
        return [answer async for answer in self.client.stream(self.service, requests, **options)]

    async def health(self, service: str = "") -> int:
        stub = health_pb2_grpc.HealthStub(self.channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE_S)
        return int(answer.status)

    async def models(self) -> dict[str, v1.ModelInfo]:
        answer = await self.client.models("List", v1.ModelsListRequest(), self.stage)
        return {info.model: info for info in answer.models}

    async def streams(self) -> int:
        return sum(info.streams for info in (await self.models()).values())

    def holds(self) -> tuple[int, int]:
        """Open files and threads of the process."""
        seen = psutil.Process(self.process.pid)
        return seen.num_fds(), seen.num_threads()

    async def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to go; its exit code and its log."""
        self.process.send_signal(number)
        code = await asyncio.to_thread(self.process.wait, PATIENCE_S)
        return code, self.command.log.read_text()


async def until_serving(channel: grpc.aio.Channel) -> None:
    """Wait for the health service to say so."""
    stub = health_pb2_grpc.HealthStub(channel)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                asked = stub.Watch(health_pb2.HealthCheckRequest(), wait_for_ready=True)
                async for answer in asked:
                    if answer.status == health_pb2.HealthCheckResponse.SERVING:
                        asked.cancel()
                        return
            except grpc.aio.AioRpcError:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def running(stage: str, folder: Path, **env: str) -> AsyncIterator[Running]:
    """Start a stage and wait until it serves; end it whatever happens."""
    address = env.pop("PARLEY_LISTEN", f"unix:{folder}/{stage}.sock")
    started = command(stage, folder, environment(address, **env))
    process, channel = started.start(), dial(address)
    try:
        await until_serving(channel)
        async with Client(address) as client:
            yield Running(stage, address, started, process, channel, client)
    finally:
        await channel.close()
        process.kill()
        process.wait(PATIENCE_S)


def models_root(folder: Path, stage: str, *versions: str) -> Path:
    """A model folder with these versions of the stage's echo."""
    text = (ROOT / f"models/embedded/{stage}/echo/1/model.toml").read_text()
    for version in versions:
        place = folder / "models" / stage / "echo" / version
        place.mkdir(parents=True)
        (place / "model.toml").write_text(text.replace('version = "1"', f'version = "{version}"'))
    return folder / "models"
