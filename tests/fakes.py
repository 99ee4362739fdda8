"""The engine and the clock, faked; nothing else is."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from parley.engines.model import ModelRef, ModelSpec

Job = TypeVar("Job")
Result = TypeVar("Result")
PATIENCE_S = 30.0


class Clock:
    """Time stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class HeldEngine(Generic[Job, Result]):
    """An engine that works only when it is let go, and remembers its batches."""

    def __init__(self, answer: Callable[[Job], Result]) -> None:
        self.batches: list[list[Job]] = []
        self._answer = answer
        self._busy, self._free = threading.Semaphore(0), threading.Event()

    def run(self, jobs: Sequence[Job]) -> Sequence[Result]:
        self.batches.append(list(jobs))
        self._busy.release()
        assert self._free.wait(PATIENCE_S)
        return [self._answer(job) for job in jobs]

    async def busy(self) -> None:
        """Wait until one more batch has reached it."""
        assert await asyncio.to_thread(self._busy.acquire, timeout=PATIENCE_S)

    def go(self) -> None:
        """Work from now on."""
        self._free.set()


def spec_of(stage: str = "asr", folder: Path = Path("models"), **options: object) -> ModelSpec:
    """A model that the echo backend runs."""
    return ModelSpec(ModelRef("echo", "1"), stage, "echo", folder, options=options)
