"""Which processes Parley is on one machine: commands, sockets, ports. Must not know how they are kept running."""

import os
import socket
import sys
import tomllib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parley.cli.child import Command
from parley.errors import BadInput

GATEWAY = "gateway"
CONFIGS = Path("deploy/config")
LOGS = Path("build/logs")
HOST = "127.0.0.1"
METRICS = "PARLEY_TELEMETRY__METRICS"


def find_root() -> Path:
    """The repository: where this package lies, or where we stand."""
    places = (Path(__file__).resolve().parents[2], Path.cwd())
    for place in places:
        if (place / CONFIGS / f"{GATEWAY}.toml").is_file():
            return place
    raise BadInput(
        f"No {CONFIGS / GATEWAY}.toml in {' or '.join(map(str, places))}; run `parley up` inside the repository."
    )


@dataclass(frozen=True)
class House:
    """One gateway, and a service for every other config file."""

    root: Path
    configs: Path
    sockets: Path
    logs: Path
    http_port: int
    grpc_port: int

    def commands(self) -> list[Command]:
        """How to start each of them; logs begin anew."""
        stages = sorted(path.stem for path in self.configs.glob("*.toml") if path.stem != GATEWAY)
        if not (self.configs / f"{GATEWAY}.toml").is_file():
            raise BadInput(f"{self.configs} holds no {GATEWAY}.toml; name a folder like {CONFIGS} with --config.")
        self._check_ports()
        metrics = _metrics_addresses([self._config(name) for name in stages])
        self._make_logs()
        services = [self._service(stage, address) for stage, address in zip(stages, metrics, strict=True)]
        return [*services, self._gateway(stages)]

    def has(self, key: str) -> bool:
        """Whether the gateway is configured with that, in its file or by a variable."""
        return key in self._config(GATEWAY) or any(
            name.startswith(f"PARLEY_{key.upper()}") for name in self._given(GATEWAY)
        )

    def _make_logs(self) -> None:
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"{self.logs} cannot hold logs ({error.strerror}); name a folder with --logs.") from None

    def _check_ports(self) -> None:
        for port, option in ((self.http_port, "--http-port"), (self.grpc_port, "--grpc-port")):
            if not _is_free(port):
                raise BadInput(f"Port {port} is taken, perhaps by another `parley up`; name a free one with {option}.")

    def _config(self, name: str) -> dict[str, Any]:
        try:
            return tomllib.loads((self.configs / f"{name}.toml").read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            return {}  # the process itself says it better

    def _service(self, stage: str, metrics: str) -> Command:
        env = {METRICS: metrics} if metrics else {}  # unless it is the user's own choice
        env |= self._given(stage) | {"PARLEY_LISTEN": self._socket(stage)}
        return self._command(stage, f"services.{stage}", env)

    def _gateway(self, stages: list[str]) -> Command:
        ports = {"PARLEY_HTTP": f"{HOST}:{self.http_port}", "PARLEY_GRPC": f"{HOST}:{self.grpc_port}"}
        env = self._given(GATEWAY) | ports
        env |= {f"PARLEY_UPSTREAMS__{stage.upper()}": self._socket(stage) for stage in stages}
        return self._command(GATEWAY, GATEWAY, env)

    def _given(self, name: str) -> dict[str, str]:
        """Our environment as one process sees it: PARLEY_ASR__STREAMS is PARLEY_STREAMS to asr, nothing to others."""
        owned = tuple(f"PARLEY_{path.stem.upper()}__" for path in self.configs.glob("*.toml"))
        shared = {key: text for key, text in os.environ.items() if not key.startswith(owned)}
        mark = f"PARLEY_{name.upper()}__"
        return shared | {f"PARLEY_{k.removeprefix(mark)}": text for k, text in os.environ.items() if k.startswith(mark)}

    def _socket(self, stage: str) -> str:
        return f"unix:{self.sockets / stage}.sock"

    def _command(self, name: str, module: str, env: dict[str, str]) -> Command:
        log = self.logs.absolute() / f"{name}.log"
        log.unlink(missing_ok=True)
        config = str((self.configs / f"{name}.toml").absolute())
        return Command(name, (sys.executable, "-m", module, "--config", config), self.root, log, env)


def _metrics_addresses(configs: list[dict[str, Any]]) -> list[str]:
    """For each config its own port, or a free one where that is taken; nothing where it wants none."""
    with ExitStack() as held:  # until all are found, so that none is given twice
        asked = [str(config.get("telemetry", {}).get("metrics", "")) for config in configs]
        return [f"{HOST}:{_port(address, held)}" if address else "" for address in asked]


def _port(address: str, held: ExitStack) -> int:
    _, _, port = address.rpartition(":")
    for wanted in (int(port) if port.isdigit() else 0, 0):
        place = held.enter_context(socket.socket())
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((HOST, wanted))
        except OSError:
            continue
        return int(place.getsockname()[1])
    raise BadInput("No free port is left for metrics.")


def _is_free(port: int) -> bool:
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((HOST, port))
        except OSError:
            return False
    return True
