"""A whole Parley under test: started, watched, hurt on purpose. Must not know what is promised."""

import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from loadtest.address import Where
from loadtest.measured.clips import RATE_HZ
from loadtest.scenario import Scenario
from loadtest.target.processes import ServerProcesses
from loadtest.target.swap import Swap, twins
from parley.audio import media
from parley.cli.processes.ports import free_address
from parley.places import stages_of

NICE = 5  # so that on a machine that holds both, the load generator is the last to be late
ANSWER_S = 60.0
FLUSHED_S = 0.7  # until spans are in their files


@dataclass(frozen=True)
class Like:
    """What scenarios may want of a server."""

    replicas: tuple[tuple[str, int], ...] = ()  # of a stage
    admitted: int = 0  # calls at a time; 0: as the config says
    traced: float = 0.1  # share of the calls

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """What this one wants."""
        admitted = max(1, round(scenario.admitted * scenario.crowd)) if scenario.admitted else 0
        return cls(tuple(sorted(scenario.replicas.items())), admitted, scenario.traced)


class Server:
    """Its processes, by name: asr, or asr-1 and asr-2 where there are two."""

    def __init__(self, folder: Path, settings: Path, like: Like | None = None) -> None:
        self.processes = ServerProcesses(folder, str(settings), NICE)
        self._folder, self._like, self._read = folder, like or Like(), dict[Path, int]()
        self._models, self._routes = twins(folder / "models"), folder / "routes.toml"
        self._stages_here = stages_of(settings)
        self._http, self._grpc = free_address(), free_address()
        self.where = Where(self._grpc, f"http://{self._http}", free_address())
        self.swap = Swap(self._grpc, settings, self._routes)
        self.ready_s = self.answered_s = 0.0

    def start(self) -> None:
        """All of it, until it is ready."""
        began, upstreams = time.monotonic(), {}
        for stage in self._stages_here:
            names = self._names(stage)
            for name in names:
                self.processes.start_service(stage, name, PARLEY_MODELS_ROOT=str(self._models), **self._traces(name))
            upstreams[stage] = ",".join(map(self.processes.socket, names))
        env = {
            "PARLEY_ROUTES_FILE": str(self._routes),
            "PARLEY_WYOMING__LISTEN": self.where.wyoming,
            **self._traces("gateway"),
        }
        env |= {"PARLEY_LIMITS__STREAMS": str(self._like.admitted)} if self._like.admitted else {}
        self.processes.start_gateway("gateway", self._http, self._grpc, upstreams, **env)
        self.processes.await_ready(self._http)
        self.ready_s = time.monotonic() - began
        self._ask_once()
        self.answered_s = time.monotonic() - began

    def _ask_once(self) -> None:
        """The first answer that anybody gets."""
        sent = {"file": ("first.wav", media.wav(bytes(2 * RATE_HZ), RATE_HZ), "audio/wav")}
        url = f"{self.where.http}/v1/audio/transcriptions"
        httpx.post(url, files=sent, data={"model": "whisper-1"}, timeout=ANSWER_S).raise_for_status()

    def _names(self, stage: str) -> list[str]:
        count = dict(self._like.replicas).get(stage, 1)
        return [stage] if count == 1 else [f"{stage}-{n + 1}" for n in range(count)]

    def _traces(self, name: str) -> dict[str, str]:
        return {
            "PARLEY_TELEMETRY__TRACES": str(self._folder / f"{name}.traces"),
            "PARLEY_TELEMETRY__SAMPLE": str(
                self._like.traced if name == "gateway" else 0.0
            ),  # a service obeys the gateway
        }

    def usage(self) -> dict[str, tuple[float, float]]:
        """Process -> CPU seconds so far, and megabytes now; of those that live."""
        alive = [name for name in self.processes.names if not self.processes.has_ended(name)]
        return {name: (self.processes.cpu_s(name), self.processes.rss_mb(name)) for name in alive}

    def models(self) -> dict[str, str]:
        """Stage -> what serves it, as the gateway says."""
        return {stage: _serving(facts) for stage, facts in self._stages().items()}

    def breakers(self) -> dict[str, str]:
        """Replica -> its circuit, as the gateway sees it."""
        return {r["address"]: r["breaker"] for facts in self._stages().values() for r in facts["replicas"]}

    def _stages(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.where.http}/v1/status", timeout=10) as answer:
            stages: dict[str, Any] = json.load(answer)["stages"]
        return stages

    def spans(self) -> dict[str, list[tuple[str, float]]]:
        """Process -> its spans since they were last asked for: name and milliseconds."""
        time.sleep(FLUSHED_S)
        files = {name: self._folder / f"{name}.traces" for name in self.processes.names}
        return {name: _spans(self._new(path)) for name, path in files.items() if path.exists()}

    def _new(self, path: Path) -> str:
        with path.open("rb") as file:
            file.seek(self._read.get(path, 0))
            new = file.read()
            self._read[path] = file.tell()
        return new.decode("utf-8", "replace")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.stop()


def _serving(facts: dict[str, Any]) -> str:
    names = [f"{m['model']} ({m['backend']}, {m['device']})" for m in facts["models"] if m.get("default")]
    return ", ".join(names) or "none"


def _spans(lines: str) -> list[tuple[str, float]]:
    found = []
    for line in lines.splitlines():
        try:
            span = json.loads(line)
            found.append((str(span["name"]), 1000 * (_moment(span["end_time"]) - _moment(span["start_time"]))))
        except (ValueError, KeyError):
            continue  # the last line of a process that was killed
    return found


def _moment(text: str) -> float:
    """Seconds of the day are enough: no span is a day long."""
    hours, minutes, seconds = text.partition("T")[2].removesuffix("Z").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
