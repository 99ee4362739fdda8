"""Real processes on the hosts of a network: asr replicas and gateways."""

import os
import sys
from pathlib import Path
from typing import Any

from parley.cli.processes.launcher import Command, Processes, answers
from parley.client import Client
from tests.cluster.network import Host, Network
from tests.e2e.cluster import ROOT, toml

TOKEN = "0123456789abcdef0123456789abcdef"
ASR, HTTP, GRPC = 50061, 8080, 50051


class Hosts(Processes):
    """A network, and what runs on it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.network = folder, Network(folder)

    def start_asr(self, host: Host) -> None:
        """One replica."""
        env = {"PARLEY_LISTEN": f"0.0.0.0:{ASR}", "PARLEY_TOKEN": TOKEN, "PARLEY_DRAIN_S": "30"}
        self._start(host, "services.asr", "deploy/echo/asr.toml", env)

    def start_gateway(self, host: Host, asr: str = "asr") -> None:
        """One gateway, to the replicas that a name stands for."""
        config: dict[str, Any] = {
            "http": f"0.0.0.0:{HTTP}",
            "grpc": f"0.0.0.0:{GRPC}",
            "insecure": True,
            "token": TOKEN,
            "drain_s": 30.0,
            "upstreams": {"asr": [f"{asr}:{ASR}"]},
            "routes": {"asr/default": {"echo@1": 100}},
            "calls": {"resolve_s": 1.0},
        }
        (self.folder / f"{host.name}.toml").write_text(toml(config))
        self._start(host, "gateway", str(self.folder / f"{host.name}.toml"), {})
        self.await_ready(f"{host.address}:{HTTP}")

    def _start(self, host: Host, module: str, config: str, env: dict[str, str]) -> None:
        words = (*host.prefix, sys.executable, "-m", module, "--config", config)
        env = {**os.environ, "PARLEY_TELEMETRY__METRICS": "", **env}
        self.launch(Command(host.name, words, ROOT, self.folder / f"{host.name}.log", env))

    def client_of(self, gateway: Host) -> Client:
        """Of one gateway."""
        return Client(f"{gateway.address}:{GRPC}")

    def is_up(self, gateway: Host) -> bool:
        """Whether a load balancer would send callers there."""
        return answers(f"{gateway.address}:{HTTP}", "/readyz")

    def close(self) -> None:
        """End all of it."""
        self.stop()
        self.network.close()
