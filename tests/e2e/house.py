"""A whole house of real processes on Unix sockets and free ports, for tests that want the real thing."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np

from parley.audio import RATE_HZ, encode
from parley.client import Client
from parley.v1.audio_pb2 import AudioEncoding

ROOT = Path(__file__).parents[2]
STAGES = ("asr", "denoise", "diarize", "translate")
START_S = 60.0  # machines that test are busy


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class House:
    """Four services and a gateway."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.grpc = f"127.0.0.1:{free_port()}"
        self.http = f"127.0.0.1:{free_port()}"
        self.metrics: dict[str, str] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    async def start(self) -> None:
        """Start everything at once and wait until the gateway says it is ready."""
        for stage in STAGES:
            self.start_service(stage)
        upstreams = {f"PARLEY_UPSTREAMS__{stage.upper()}": f"unix:{self.socket(stage)}" for stage in STAGES}
        self._spawn("gateway", "gateway", PARLEY_HTTP=self.http, PARLEY_GRPC=self.grpc, **upstreams)
        await self.ready()

    def start_service(self, stage: str) -> None:
        """One service, again or for the first time."""
        self._spawn(stage, f"services.{stage}", PARLEY_LISTEN=f"unix:{self.socket(stage)}")

    def socket(self, stage: str) -> Path:
        """Where a service listens."""
        return self.folder / f"{stage}.sock"

    def _spawn(self, name: str, module: str, **env: str) -> None:
        self.metrics[name] = f"127.0.0.1:{free_port()}"
        told = {"PARLEY_TELEMETRY__TRACES": str(self.traces(name)), "PARLEY_TELEMETRY__METRICS": self.metrics[name]}
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", module, "--config", f"deploy/echo/{name}.toml"]
            process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **told, **env}, stderr=log)
        self.processes[name] = process

    def traces(self, name: str) -> Path:
        """Where a process writes its spans."""
        return self.folder / f"{name}.traces"

    async def ready(self) -> None:
        """Wait for /readyz."""
        async with asyncio.timeout(START_S):
            while not await asyncio.to_thread(self._is_ready):
                await asyncio.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.http}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def tasks(self) -> int:
        """Tasks of every process's event loop."""
        return sum(map(self._tasks, self.processes))

    def _tasks(self, name: str) -> int:
        with urllib.request.urlopen(f"http://{self.metrics[name]}/metrics", timeout=10) as answer:
            page: str = answer.read().decode()
        return next(int(float(line.split()[1])) for line in page.splitlines() if line.startswith("parley_tasks "))

    def kill(self, name: str) -> None:
        """As the kernel kills: at once, without a word."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait(10)

    def client(self) -> Client:
        """A client of the gateway."""
        return Client(self.grpc)

    def stop(self) -> dict[str, int]:
        """Ask everybody to go; what they exit with."""
        for process in self.processes.values():
            process.terminate()
        try:
            return {name: process.wait(30) for name, process in self.processes.items()}
        finally:
            for process in self.processes.values():
                process.kill()


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
