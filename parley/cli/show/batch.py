"""How far a batch of jobs is: in words, and as a bar on stderr. Must not know where that is known from."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.progress import Progress

OPEN = ("queued", "running")


@dataclass(frozen=True)
class BatchState:
    """How many jobs are in which state."""

    counts: Mapping[str, int]
    audio_s: float = 0.0  # of the recordings that are done
    summary: Mapping[str, Any] = field(default_factory=dict)

    @property
    def jobs(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def has_ended(self) -> bool:
        """None waits or runs."""
        return self.jobs > 0 and not any(self.counts[name] for name in OPEN)

    @property
    def done(self) -> float:
        """Of the jobs; of those that run a part."""
        ended = float(self.jobs - sum(self.counts[name] for name in OPEN))
        running = self.summary.get("running", {})
        share = running["done_s"] / running["duration_s"] if running.get("duration_s") else 0.0
        return ended + self.counts["running"] * min(1.0, share)

    @property
    def words(self) -> str:
        """3 done, 1 failed: 42 minutes of sound."""
        parts = [f"{count} {name}" for name, count in self.counts.items() if count]
        return f"{', '.join(parts)}: {self.audio_s / 60:.1f} minutes of sound"


class BatchBar:
    """A bar for people; where none reads, a line whenever something has changed."""

    def __init__(self, batch: str, *, quiet: bool) -> None:
        self._batch, self._quiet, self._last = batch, quiet, ""
        self._progress: Progress | None = None
        self._began, self._first = time.monotonic(), None

    _first: BatchState | None

    def show(self, state: BatchState) -> None:
        """As it is now."""
        self._first = self._first or state
        if self._progress is not None:
            rate = self._rate(state)
            self._progress.update(self._progress.task_ids[0], total=state.jobs, completed=state.done, rate=rate)
        elif not self._quiet and state.words != self._last:
            self._last = state.words
            print(f"{self._batch}: {state.words}", file=sys.stderr, flush=True)

    def _rate(self, state: BatchState) -> str:
        """How much faster than the recordings play, and how long it takes yet, by what was seen so far."""
        assert self._first
        passed, done = time.monotonic() - self._began, state.done - self._first.done
        if passed < 1 or done <= 0:
            return ""
        speed = (state.audio_s - self._first.audio_s) / passed
        left_s = (state.jobs - state.done) * passed / done
        return f"{speed:.1f} times as fast as it plays, {left_s // 60:.0f}:{left_s % 60:02.0f} left"

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._progress = Progress(*columns, TextColumn("{task.fields[rate]}"), console=Console(stderr=True))
            self._progress.add_task(self._batch, total=None, rate="")
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()


def told(text: str, *, quiet: bool, last: bool) -> None:
    """A line that is written over, for people only."""
    if not quiet and sys.stderr.isatty():
        sys.stderr.write(f"\r{text}" + "\n" * last)
        sys.stderr.flush()


def described(job: Mapping[str, Any]) -> str:
    """One job's progress, or what went wrong."""
    if job["error"]:
        return str(job["error"]["message"])
    progress = job["progress"]
    if job["state"] == "running" and progress["duration_s"]:
        return f"{progress['stage']} {progress['done_s']:.0f} of {progress['duration_s']:.0f} s"
    return ""
