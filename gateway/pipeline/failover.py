"""Whether a stage's stream is opened again after a loss, and when. Must not know how a replica is found."""

import time

from gateway.config import FailoverConfig
from gateway.replicas.retry import pause_s
from parley.budget import Clock


class Outage:
    """Whether a stage is opened anew, and when."""

    def __init__(self, config: FailoverConfig, clock: Clock = time.monotonic) -> None:
        self._config, self._clock = config, clock
        self._since: float | None = None
        self._tries = self._lost = 0

    @property
    def waiting(self) -> bool:
        """An outage is going on."""
        return self._tries > 0

    def pause_s(self, opened: bool, *, asked: bool = False, full: bool = False) -> float | None:
        """After one more failure of a stream that had opened, or not: how long to wait; None: give up.

        Who was asked to go elsewhere has not lost a replica: in a long silence that may happen any number of times.
        """
        self._since = self._clock() if self._since is None or opened else self._since
        self._lost += opened and not asked
        left = (self._config.room_s if full else self._config.wait_s) - (self._clock() - self._since)
        if left <= 0 or self._lost > self._config.most:
            return None
        self._tries += 1
        return 0.0 if self._tries == 1 else min(left, pause_s(0.1, self._tries - 2))

    def opened(self) -> None:
        """A replica took the stream."""
        self._tries = 0

    def worked(self) -> None:
        """It gave an answer that lasts: losses in a row count from nothing again."""
        self._lost = 0
