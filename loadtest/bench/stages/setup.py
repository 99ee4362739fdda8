"""What every row stands on: the models that the settings name, services started alone, recordings, repeated rounds."""

import asyncio
import os
import tomllib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import uvloop

from loadtest.bench.stages.row import Skipped
from loadtest.measured import clips
from loadtest.measured.clips import Clip
from loadtest.target.processes import ROOT, ServerProcesses
from parley.client import Client
from parley.engines.model import ModelRef, ModelSpec, locate
from parley.errors import ParleyError

START_S = 60.0
ROUNDS = 3
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class BenchSetup:
    """One run of the bench."""

    folder: Path  # to write into
    settings: Path  # the services' configs
    references: Path | None = None  # files of others to measure beside

    def spec(self, stage: str) -> ModelSpec:
        """The model that the stage's config names first."""
        table = tomllib.loads((self.settings / f"{stage}.toml").read_text("utf-8"))
        return locate((ROOT / table.get("models_root", "models/embedded"),), stage, ModelRef.of(table["models"][0]))

    def weights(self, stage: str, model: str = "") -> ModelSpec:
        """The same, or another of its models; raises Skipped for an echo, whose speed means nothing."""
        spec = self.spec(stage)
        if model and spec.backend != "echo":
            spec = locate((spec.folder.parents[2],), stage, ModelRef.of(model))
        if spec.backend == "echo":
            raise Skipped(f"{stage}.toml names {spec.ref}, which is no model")
        return spec

    def reference(self, name: str) -> Path:
        """A reference file; raises Skipped where it is missing."""
        path = self.references / name if self.references else None
        if path is None or not path.is_file():
            raise Skipped(f"no {name}; name the folder that has it: REFERENCES=folder")
        return path

    @contextmanager
    def serving(
        self, stage: str, env: Mapping[str, str] = MappingProxyType({}), *, on_one_core: bool = False
    ) -> Iterator[str]:
        """A service by itself; its address. on_one_core: it has one, and we have the others."""
        cores = os.sched_getaffinity(0)
        if on_one_core and len(cores) < 2:
            raise Skipped("one core for the service and one for who asks it: there are not two")
        with ServerProcesses(self.folder / stage, str(self.settings.absolute())) as processes:
            os.sched_setaffinity(0, {min(cores)} if on_one_core else cores)
            processes.start_service(stage, **env)
            os.sched_setaffinity(0, cores - {min(cores)} if on_one_core else cores)
            try:
                run(_await_health(processes, stage))
                yield processes.socket(stage)
            finally:
                os.sched_setaffinity(0, cores)


async def _await_health(processes: ServerProcesses, stage: str) -> None:
    async with Client(processes.socket(stage)) as client, asyncio.timeout(START_S):
        await client.ready(START_S)
        while True:
            processes.check()
            with suppress(ParleyError):
                return await client.health()
            await asyncio.sleep(0.05)


def run(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Runs a coroutine to its end."""
    return uvloop.run(work)


def rounds(*ways: Callable[[], float]) -> list[float]:
    """The ways take turns, so that whatever else the machine does hits all alike; the median of each."""
    results = [[way() for way in ways] for _ in range(ROUNDS)]
    return [median(column) for column in zip(*results, strict=True)]


def gathered(address: str, callers: int, call: Callable[[Client, int], Coroutine[Any, Any, None]]) -> None:
    """So many at once, each its own number, until the last is done."""

    async def together() -> None:
        async with Client(address) as client:
            await asyncio.gather(*(call(client, n) for n in range(callers)))

    run(together())


def speech() -> Clip:
    """One person, six seconds."""
    return clips.read(clips.SPEECH / "read-17899695.flac")


def conversation(seconds: float) -> Clip:
    """One after the other, again and again, with pauses."""
    clip = clips.joined(clips.folder(clips.SPEECH), 0.8)
    size = round(2 * clips.RATE_HZ * seconds)
    return Clip("conversation", (clip.pcm * (1 + size // len(clip.pcm)))[:size])


def samples(clip: Clip) -> npt.NDArray[np.float32]:
    """The recording's samples as floats."""
    return np.frombuffer(clip.pcm, np.int16).astype(np.float32) / np.float32(32768)


def percentile(values: list[float], percent: float) -> float:
    """That so many per cent do not exceed."""
    return float(np.percentile(values, percent))
