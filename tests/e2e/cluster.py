"""A cluster of real processes on Unix sockets and free ports, for tests that want the real thing."""

import asyncio
import json
import os
import sys
import tomllib
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from parley.audio.pcm import RATE_HZ, encode
from parley.cli.processes.launcher import Command, Processes
from parley.cli.processes.ports import free_address
from parley.client import Client
from parley.v1.audio_pb2 import AudioEncoding

ROOT = Path(__file__).parents[2]
STAGES = ("asr", "denoise", "diarize", "translate")
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"


class Cluster(Processes):
    """Services, of each stage so many replicas, and a gateway."""

    def __init__(
        self,
        folder: Path,
        stages: Sequence[str] = STAGES,
        replicas: int = 1,
        env: Mapping[str, str] | None = None,
        configs: str = "deploy/echo",
        **config: Any,
    ) -> None:
        super().__init__()
        self.configs = Path(configs)
        self.folder, self.stages, self.env, self.config = folder, stages, env or {}, config
        self.replica_names = {stage: [stage, *(f"{stage}-{n}" for n in range(2, replicas + 1))] for stage in stages}
        self.grpc = free_address()
        self.http = free_address()
        self.metrics: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()

    async def start(self) -> None:
        """Start everything at once and wait until the gateway says it is ready."""
        for names in self.replica_names.values():
            for name in names:
                self.start_service(name)
        upstreams = {
            stage: [f"unix:{self.socket(name)}" for name in names] for stage, names in self.replica_names.items()
        }
        told = tomllib.loads((ROOT / self.configs / "gateway.toml").read_text())
        told |= {"http": self.http, "grpc": self.grpc, "upstreams": upstreams} | self.config
        (self.folder / "gateway.toml").write_text(toml(told))
        self._spawn("gateway", "gateway", self.folder / "gateway.toml")
        await self.ready()

    def start_service(self, name: str) -> None:
        """One replica, again or for the first time."""
        stage = name.partition("-")[0]
        config = self.configs / f"{stage}.toml"
        self._spawn(name, f"services.{stage}", config, PARLEY_LISTEN=f"unix:{self.socket(name)}", **self.env)

    def socket(self, name: str) -> Path:
        """Where a service listens."""
        return self.folder / f"{name}.sock"

    def _spawn(self, name: str, module: str, config: Path, **env: str) -> None:
        address = self.metrics.setdefault(name, free_address())  # the same after a restart: it is scraped there
        told = {"PARLEY_TELEMETRY__TRACES": str(self.traces(name)), "PARLEY_TELEMETRY__METRICS": address}
        command = (sys.executable, "-m", module, "--config", str(config))
        self.launch(Command(name, command, ROOT, self.folder / f"{name}.log", {**os.environ, **told, **env}))

    def traces(self, name: str) -> Path:
        """Where a process writes its spans."""
        return self.folder / f"{name}.traces"

    async def ready(self) -> None:
        """Wait for /readyz."""
        await asyncio.to_thread(self.await_ready, self.http)

    async def busiest(self, stage: str) -> str:
        """The name of the replica with most streams: whoever disturbs it disturbs somebody."""
        most = max(await self.replicas(stage), key=lambda each: int(each["streams"]))
        return Path(most["address"]).stem

    async def status(self) -> Any:
        """What the gateway says of itself."""
        return await asyncio.to_thread(self._get, "/v1/status")

    async def replicas(self, stage: str) -> list[dict[str, Any]]:
        """What it says of a stage's replicas."""
        replicas: list[dict[str, Any]] = (await self.status())["stages"][stage]["replicas"]
        return replicas

    def _get(self, path: str) -> Any:
        return json.loads(self.page(path))

    def page(self, path: str = "/metrics") -> str:
        """What the gateway shows there."""
        with urllib.request.urlopen(f"http://{self.http}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def tasks(self) -> int:
        """Tasks of every process's event loop."""
        return sum(map(self._tasks, self.running))

    def _tasks(self, name: str) -> int:
        with urllib.request.urlopen(f"http://{self.metrics[name]}/metrics", timeout=10) as answer:
            page: str = answer.read().decode()
        return next(int(float(line.split()[1])) for line in page.splitlines() if line.startswith("parley_tasks "))

    def scraped(self, name: str) -> str:
        """What a process tells a Prometheus that wants the traces behind the numbers."""
        address = self.http if name == "gateway" else self.metrics[name]
        asked = urllib.request.Request(f"http://{address}/metrics", headers={"accept": OPENMETRICS})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert answer.headers["content-type"].startswith("application/openmetrics-text")
            return str(answer.read().decode())

    def client(self) -> Client:
        """A client of the gateway."""
        return Client(self.grpc)


def toml(table: dict[str, Any], where: str = "") -> str:
    """A table as TOML; JSON's strings, numbers and lists are TOML's too."""
    plain = [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, dict)]
    inner = [toml(value, f"{where}{json.dumps(key)}.") for key, value in table.items() if isinstance(value, dict)]
    return "\n".join([f"[{where[:-1]}]"] * bool(where) + plain + inner) + "\n"


def speech(*seconds: float, gap_s: float = 1.0) -> bytes:
    """Noise bursts with silence between them: as many utterances as there are numbers."""
    rng, quiet = np.random.default_rng(7), np.zeros(round(gap_s * RATE_HZ), np.float32)
    bursts = [0.2 * rng.standard_normal(round(length * RATE_HZ)).astype(np.float32) for length in seconds]
    pieces = [piece for burst in bursts for piece in (quiet, burst)]
    return encode(np.concatenate((*pieces, quiet)), AudioEncoding.AUDIO_ENCODING_PCM_S16LE)


def cut(pcm: bytes, milliseconds: int = 100) -> list[bytes]:
    """Chunks of 16 kHz PCM."""
    size = 32 * milliseconds
    return [pcm[at : at + size] for at in range(0, len(pcm), size)]
