"""Keeps processes running: restarts what ends, later each time. Must not know what they do; never sleeps or prints."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

Clock = Callable[[], float]


class Process(Protocol):
    """What we use of subprocess.Popen."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Its exit code, once it has ended."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class ProcessState(Enum):
    """Where a process is in its life."""

    RUNNING = "running"
    WAITING = "waiting"  # to be started again
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a restart: doubling, and short again after good health."""

    first_s: float = 0.2
    most_s: float = 5.0
    healthy_s: float = 30.0

    def after(self, failures: int) -> float:
        """The wait after so many failures in a row, the first being 1."""
        return min(self.first_s * 2.0 ** min(failures - 1, 32), self.most_s)


class Keeper:
    """One process that is meant to run."""

    def __init__(
        self, name: str, start: Callable[[], Process], clock: Clock = time.monotonic, backoff: Backoff | None = None
    ) -> None:
        self.name = name
        self.restarts = 0
        self.exit_code: int | None = None  # of the last process that ended
        self._start, self._clock, self._backoff = start, clock, backoff or Backoff()
        self._failures = 0
        self._begin()

    def _begin(self) -> None:
        self._process, self.state = self._start(), ProcessState.RUNNING
        self._since = self._clock()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self.state in (ProcessState.RUNNING, ProcessState.STOPPING) else None

    @property
    def age_s(self) -> float:
        """How long it has been in this state."""
        return self._clock() - self._since

    @property
    def wait_s(self) -> float:
        """How long until the restart."""
        return max(0.0, self._backoff.after(self._failures) - self.age_s) if self.state is ProcessState.WAITING else 0.0

    def look(self) -> bool:
        """Notice what has happened, restart when it is time; true when the state is another now."""
        if self.state is ProcessState.WAITING and self.wait_s <= 0:
            self.restarts += 1
            self._begin()
            return True
        if self.state in (ProcessState.RUNNING, ProcessState.STOPPING) and (code := self._process.poll()) is not None:
            self._ended(code)
            return True
        return False

    def _ended(self, code: int) -> None:
        self.exit_code = code
        if self.state is ProcessState.STOPPING:
            self._turn(ProcessState.STOPPED)
            return
        self._failures = 1 if self.age_s >= self._backoff.healthy_s else self._failures + 1
        self._turn(ProcessState.WAITING)

    def _turn(self, state: ProcessState) -> None:
        self.state, self._since = state, self._clock()

    def stop(self) -> None:
        """Ask it to end, and do not restart it."""
        if self.state is ProcessState.RUNNING:
            self._process.terminate()
            self._turn(ProcessState.STOPPING)
        elif self.state is ProcessState.WAITING:
            self._turn(ProcessState.STOPPED)

    def kill(self) -> None:
        """End it now."""
        self.stop()
        if self.state is ProcessState.STOPPING:
            self._process.kill()


class Supervisor:
    """Every process of one deployment."""

    def __init__(self, keepers: Sequence[Keeper], grace_s: float, clock: Clock = time.monotonic) -> None:
        self.keepers = keepers
        self._grace_s, self._clock = grace_s, clock
        self._deadline: float | None = None

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._deadline is not None

    @property
    def stopped(self) -> bool:
        """Nothing runs any more."""
        return all(keeper.state is ProcessState.STOPPED for keeper in self.keepers)

    def look(self) -> list[Keeper]:
        """The processes whose state has changed; kills those that outlive the grace period."""
        if self._deadline is not None and self._clock() >= self._deadline:
            self.kill()
        return [keeper for keeper in self.keepers if keeper.look()]

    def stop(self) -> None:
        """Ask all to end; the second time, end them."""
        if self.stopping:
            self.kill()
            return
        self._deadline = self._clock() + self._grace_s
        for keeper in self.keepers:
            keeper.stop()

    def kill(self) -> None:
        """End all now."""
        for keeper in self.keepers:
            keeper.kill()
