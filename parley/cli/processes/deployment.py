"""The processes of Parley on one machine: commands, sockets, ports. Must not know how they are kept running."""

import os
import secrets
import socket
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parley.cli.processes import rotation
from parley.cli.processes.launcher import Command
from parley.cli.processes.ports import is_free
from parley.errors import BadInput
from parley.places import CONFIGS, GATEWAY, HOME, JOBS, Places, stages_of

HOST = "127.0.0.1"
METRICS, MODELS_ROOT = "PARLEY_TELEMETRY__METRICS", "PARLEY_MODELS_ROOT"
COMMANDED = "PARLEY_COMMANDED_FILE"


@dataclass(frozen=True)
class Deployment:
    """One gateway, and a service for every other config file."""

    places: Places
    configs: Path
    sockets: Path
    http_port: int
    grpc_port: int
    replicas: Mapping[str, int]  # of a stage, where there is more than one
    routes: Mapping[str, str] = field(default_factory=dict)  # aliases beside those of the gateway's config

    @property
    def stages(self) -> list[str]:
        """Those that have a config file."""
        return stages_of(self.configs)

    def commands(self) -> list[Command]:
        """How to start each of them; logs begin anew."""
        stages = self.stages
        if not (self.configs / f"{GATEWAY}.toml").is_file():
            raise BadInput(f"{self.configs} holds no {GATEWAY}.toml; name a folder like {CONFIGS} with --config.")
        self._check_replicas(stages)
        self._check_ports()
        names = {stage: self._names(stage) for stage in stages}
        owners = [(stage, name) for stage in stages for name in names[stage]]
        *metrics, last = _metrics_addresses([*(self._config(stage) for stage, _ in owners), self._config(JOBS)])
        self._make_logs()
        services = [self._service(*owner, address) for owner, address in zip(owners, metrics, strict=True)]
        token = secrets.token_hex(32)  # the worker's, for this run
        workers = [self._worker(token, last)] if self.has_jobs else []
        return [*services, *workers, self._gateway(names, token)]

    @property
    def has_jobs(self) -> bool:
        """Whether there is a worker of background jobs."""
        on = self._given(GATEWAY).get("PARLEY_JOBS__ON", str(self._config(GATEWAY).get("jobs", {}).get("on", True)))
        return (self.configs / f"{JOBS}.toml").is_file() and on.lower() != "false"

    def has(self, key: str) -> bool:
        """Whether the gateway is configured with that, in its file or by a variable."""
        return key in self._config(GATEWAY) or any(
            name.startswith(f"PARLEY_{key.upper()}") for name in self._given(GATEWAY)
        )

    def _check_replicas(self, stages: list[str]) -> None:
        for stage in self.replicas:
            if stage not in stages:
                raise BadInput(f"--replicas names {stage!r}, which {self.configs} has no file of; {_listed(stages)}.")

    def _names(self, stage: str) -> list[str]:
        """Of its processes: asr, or asr-1 and asr-2."""
        count = self.replicas.get(stage, 1)
        return [stage] if count == 1 else [f"{stage}-{number + 1}" for number in range(count)]

    def _make_logs(self) -> None:
        places = self.places
        for folder, option in ((places.home, HOME), (places.kept, HOME), (places.logs, "--logs")):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise BadInput(f"{folder} cannot be made ({error.strerror}); name another with {option}.") from None

    def _check_ports(self) -> None:
        ports = (("HTTP", self.http_port, "--http-port"), ("GRPC", self.grpc_port, "--grpc-port"))
        for name, port, option in ports:
            if (variable := f"PARLEY_GATEWAY__{name}") in os.environ:
                raise BadInput(f"`parley up` serves this machine, on the port that {option} names; unset {variable}.")
            if not is_free(port, HOST):
                raise BadInput(f"Port {port} is taken, perhaps by another `parley up`; name a free one with {option}.")

    def _config(self, name: str) -> dict[str, Any]:
        try:
            return tomllib.loads((self.configs / f"{name}.toml").read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, FileNotFoundError):
            return {}  # the process itself says it better; of jobs there may be none

    def _service(self, stage: str, name: str, metrics: str) -> Command:
        env = {METRICS: metrics} if metrics else {}  # unless it is the user's own choice
        if "models_root" not in self._config(stage):
            env[MODELS_ROOT] = ",".join(map(str, self.places.model_folders))
        if "commanded_file" not in self._config(stage):
            env[COMMANDED] = str(self._kept(f"loaded-{stage}", ".json"))
        env |= self._given(stage) | {"PARLEY_LISTEN": self._socket(name)}
        return self._command(stage, name, f"services.{stage}", env)

    def _worker(self, token: str, metrics: str) -> Command:
        """It reaches the gateway where only this account does, whatever keys and certificates others need."""
        env = {METRICS: metrics} if metrics else {}
        env |= self._jobs("PARLEY_", token) | self._given(JOBS)
        return self._command(JOBS, JOBS, "services.jobs", env | {"PARLEY_GATEWAY": self._socket(GATEWAY)})

    def _jobs(self, prefix: str, token: str) -> dict[str, str]:
        """Where jobs are kept, the same for gateway and worker: as it is told, else where `up` keeps things."""
        told, given = self._config(GATEWAY).get(JOBS, {}), self._given(GATEWAY)
        own = {"folder": str(self._kept(JOBS, "")), "database": "", "token": token, "webhook_secret": ""}
        own = {key: given.get(f"PARLEY_JOBS__{key.upper()}") or told.get(key) or text for key, text in own.items()}
        return {f"{prefix}{key.upper()}": value for key, value in own.items() if value}

    def _gateway(self, names: Mapping[str, list[str]], token: str) -> Command:
        ports = {"PARLEY_HTTP": f"{HOST}:{self.http_port}", "PARLEY_GRPC": f"{HOST}:{self.grpc_port}"}
        env = self._given(GATEWAY) | ports
        if self.has_jobs:
            env |= self._jobs("PARLEY_JOBS__", token) | {"PARLEY_LOCAL": self._socket(GATEWAY)}
        if not self.has("routes_file"):
            env["PARLEY_ROUTES_FILE"] = str(self._kept("routes", ".toml"))
        env |= {f"PARLEY_ROUTES__{alias.upper()}": f'{{ "{model}" = 100 }}' for alias, model in self.routes.items()}
        env |= {f"PARLEY_UPSTREAMS__{stage.upper()}": ",".join(map(self._socket, names[stage])) for stage in names}
        return self._command(GATEWAY, GATEWAY, GATEWAY, env)

    def _kept(self, name: str, suffix: str) -> Path:
        """Where something is kept from one start to the next; of other configs it is another."""
        own = self.configs.absolute() == self.places.configs.absolute()
        return self.places.kept.absolute() / f"{name}{'' if own else f'-{self.configs.absolute().name}'}{suffix}"

    def unrouted(self) -> Iterator[str]:
        """How to make the aliases that are missing where routes of an earlier run are kept: those go first."""
        kept = self._kept_routes()
        yield from (f"parley routes set {a} {m}=100" for a, m in self.routes.items() if kept and a not in kept)

    def _kept_routes(self) -> dict[str, Any]:
        """Routes that were changed while an earlier one ran."""
        file = self.places.home / self._config(GATEWAY).get("routes_file", self._kept("routes", ".toml"))
        try:
            return tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}  # none were, or the gateway says it better

    def _given(self, name: str) -> dict[str, str]:
        """Our environment as one process sees it: PARLEY_ASR__STREAMS is PARLEY_STREAMS to asr, nothing to others."""
        owned = tuple(f"PARLEY_{path.stem.upper()}__" for path in self.configs.glob("*.toml"))
        shared = {key: text for key, text in os.environ.items() if not key.startswith(owned)}
        mark = f"PARLEY_{name.upper()}__"
        return shared | {f"PARLEY_{k.removeprefix(mark)}": text for k, text in os.environ.items() if k.startswith(mark)}

    def _socket(self, name: str) -> str:
        return f"unix:{self.sockets / name}.sock"

    def _command(self, process: str, name: str, module: str, env: dict[str, str]) -> Command:
        log = self.places.logs.absolute() / f"{name}.log"
        rotation.remove(log)
        words = (sys.executable, "-m", module, "--config", str((self.configs / f"{process}.toml").absolute()))
        return Command(name, words, self.places.home, log, self.places.environment(env), dies_with_us=True)


def _listed(stages: list[str]) -> str:
    return f"there are {', '.join(stages)}" if stages else "there are none"


def _metrics_addresses(configs: list[dict[str, Any]]) -> list[str]:
    """For each config its own port, or a free one where that is taken; nothing where it wants none."""
    taken: set[int] = set()
    with ExitStack() as held:  # until all are found, so that the system gives none twice
        asked = [str(config.get("telemetry", {}).get("metrics", "")) for config in configs]
        return [f"{HOST}:{_port(address, held, taken)}" if address else "" for address in asked]


def _port(address: str, held: ExitStack, taken: set[int]) -> int:
    _, _, port = address.rpartition(":")
    own = int(port) if port.isdigit() else 0
    for wanted in (0 if own in taken else own, 0):
        place = held.enter_context(socket.socket())
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((HOST, wanted))
        except OSError:
            continue
        taken.add(place.getsockname()[1])
        return int(place.getsockname()[1])
    raise BadInput("No free port is left for metrics.")
