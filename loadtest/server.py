"""A whole Parley under test: started, watched, hurt on purpose. Must not know what is promised."""

import json
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from loadtest.house import STAGES, House, free_port
from loadtest.talk import Where

NICE = 5  # so that on a machine that holds both, the talker is the last to be late
TRACED = 0.1  # of the calls


class Server:
    """Its processes, by name: asr, or asr-1 and asr-2 where there are two."""

    def __init__(self, folder: Path, settings: Path, replicas: Mapping[str, int] | None = None) -> None:
        self.house = House(folder, str(settings), NICE)
        self._folder, self._replicas = folder, dict(replicas or {})
        self._http, self._grpc = free_port(), free_port()
        self.where = Where(self._grpc, f"http://{self._http}")
        self.ready_s = 0.0

    def start(self) -> None:
        """All of it, until it is ready."""
        began, upstreams = time.monotonic(), {}
        for stage in STAGES:
            names = self._names(stage)
            for name in names:
                self.house.start_service(stage, name, **self._traces(name))
            upstreams[stage] = ",".join(map(self.house.socket, names))
        self.house.start_gateway("gateway", self._http, self._grpc, upstreams, **self._traces("gateway"))
        self.house.await_ready(self._http)
        self.ready_s = time.monotonic() - began

    def _names(self, stage: str) -> list[str]:
        count = self._replicas.get(stage, 1)
        return [stage] if count == 1 else [f"{stage}-{n + 1}" for n in range(count)]

    def _traces(self, name: str) -> dict[str, str]:
        return {
            "PARLEY_TELEMETRY__TRACES": str(self._folder / f"{name}.traces"),
            "PARLEY_TELEMETRY__SAMPLE": str(TRACED if name == "gateway" else 0.0),  # a service obeys the gateway
        }

    def usage(self) -> dict[str, tuple[float, float]]:
        """Process -> CPU seconds so far, and megabytes now; of those that live."""
        alive = [name for name in self.house.names if not self.house.has_ended(name)]
        return {name: (self.house.cpu_s(name), self.house.rss_mb(name)) for name in alive}

    def models(self) -> dict[str, str]:
        """Stage -> what serves it, as the gateway says."""
        return {stage: _serving(told) for stage, told in self._stages().items()}

    def breakers(self) -> dict[str, str]:
        """Replica -> its circuit, as the gateway sees it."""
        return {r["address"]: r["breaker"] for told in self._stages().values() for r in told["replicas"]}

    def _stages(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.where.http}/v1/status", timeout=10) as answer:
            told: dict[str, Any] = json.load(answer)["stages"]
        return told

    def spans(self) -> dict[str, list[tuple[str, float]]]:
        """Process -> its spans: name and milliseconds."""
        files = {name: self._folder / f"{name}.traces" for name in self.house.names}
        return {name: _spans(path) for name, path in files.items() if path.exists()}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.house.stop()


def _serving(told: dict[str, Any]) -> str:
    names = [f"{m['model']} ({m['backend']}, {m['device']})" for m in told["models"] if m.get("default")]
    return ", ".join(names) or "none"


def _spans(path: Path) -> list[tuple[str, float]]:
    found = []
    for line in path.read_text("utf-8").splitlines():
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
