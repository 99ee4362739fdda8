"""Processes under test: configured, weighed and always ended. Must not know what is measured on them."""

import os
import sys
import tempfile
import time
from pathlib import Path

import psutil

from parley.cli.processes.launcher import Command, Processes
from parley.cli.processes.ports import free_address
from parley.wire.stages import STAGES

ROOT = Path(__file__).parents[2]
MB = 1 << 20
# Compiling at every start is not what users have: the second start finds what the first compiled.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class ServerProcesses(Processes):
    """Some processes in one folder, configured by the files of another."""

    def __init__(self, folder: Path, configs: str = "deploy/echo", nice: int = 0) -> None:
        super().__init__()
        self._folder, self._configs, self._nice = folder, configs, nice
        # Not in the folder: a socket's path has 107 bytes at most, and a report may lie deep.
        self._sockets = tempfile.TemporaryDirectory(prefix="parley-")
        folder.mkdir(parents=True, exist_ok=True)

    def socket(self, name: str) -> str:
        """Where a service listens."""
        return f"unix:{self._sockets.name}/{name}.sock"

    def start(self, name: str, module: str, *words: str, **env: str) -> None:
        """One process."""
        nice = ["nice", "-n", str(self._nice)] if self._nice else []
        command = [*nice, sys.executable, "-m", module, *words]
        self.launch(Command(name, command, ROOT, self._folder / f"{name}.log", {**_ENVIRONMENT, **env}))

    def start_service(self, stage: str, name: str = "", **env: str) -> None:
        """A service as it is deployed: with metrics. name: where there are several of a stage."""
        name = name or stage
        env = {"PARLEY_LISTEN": self.socket(name), "PARLEY_TELEMETRY__METRICS": free_address(), **env}
        self.start(name, f"services.{stage}", "--config", f"{self._configs}/{stage}.toml", **env)

    def start_gateway(self, name: str, http: str, grpc: str, upstreams: dict[str, str], **env: str) -> None:
        """A gateway to these."""
        env |= {"PARLEY_CACHE__BYTES": "0"}  # answers that were kept are no measure
        env |= {f"PARLEY_UPSTREAMS__{stage.upper()}": address for stage, address in upstreams.items()}
        words = ("--config", f"{self._configs}/gateway.toml")
        self.start(name, "gateway", *words, PARLEY_HTTP=http, PARLEY_GRPC=grpc, **env)

    def start_all(self, http: str, grpc: str) -> None:
        """A service of every stage and a gateway to them; returns when it is ready."""
        for stage in STAGES:
            self.start_service(stage)
        self.start_gateway("gateway", http, grpc, {stage: self.socket(stage) for stage in STAGES})
        self.await_ready(http)

    def cpu_s(self, name: str) -> float:
        """CPU time so far, to the nanosecond: /proc counts in ticks of 10 ms."""
        return time.clock_gettime((~self.pid(name) << 3) | 2)

    def files(self, name: str) -> int:
        """Open files, sockets among them."""
        return int(psutil.Process(self.pid(name)).num_fds())

    def rss_mb(self, name: str) -> float:
        """Memory held now."""
        return float(psutil.Process(self.pid(name)).memory_info().rss) / MB
