"""When an utterance begins and ends, by level. Pure: samples in, marks out, whatever the chunking."""

from dataclasses import dataclass

import numpy as np

from parley.audio import RATE_HZ, SILENCE, Samples

BLOCK = RATE_HZ // 50


@dataclass(frozen=True)
class EndpointConfig:
    """How patient the ear is."""

    start_s: float = 0.1  # speech this long starts an utterance
    stop_s: float = 0.5  # silence this long ends it
    longest_s: float = 25.0  # it is cut here at the latest
    level_db: float = -45.0  # louder than this, below full scale, counts as speech
    disabled: bool = False  # never end on silence


@dataclass(frozen=True)
class Mark:
    """Speech began or ended at a sample; `told` is the sample at which that was known."""

    began: bool
    at: int
    told: int


class Endpointer:
    """Looks at blocks of 20 ms."""

    def __init__(self, config: EndpointConfig) -> None:
        self._config = config
        self._rest = SILENCE
        self._seen = 0
        self._run = 0  # blocks in a row that speak against the present state
        self.since: int | None = None  # where the open utterance began

    def feed(self, samples: Samples) -> list[Mark]:
        """The marks that these samples bring."""
        held = np.concatenate((self._rest, samples))
        count = len(held) // BLOCK
        self._rest = held[count * BLOCK :]
        blocks = held[: count * BLOCK].reshape(count, BLOCK)
        power = np.mean(blocks * blocks, 1) > 10 ** (self._config.level_db / 10)
        return [mark for loud in power.tolist() for mark in self._look(loud)]

    def _look(self, loud: bool) -> list[Mark]:
        self._seen += BLOCK
        if self.since is None:
            self._run = self._run + 1 if loud else 0
            return self._begin() if self._long_enough(0.0 if self._config.disabled else self._config.start_s) else []
        self._run = 0 if loud else self._run + 1
        quiet = not self._config.disabled and self._long_enough(self._config.stop_s)
        overlong = self._seen - self.since >= self._config.longest_s * RATE_HZ
        return self.end() if quiet or overlong else []

    def _long_enough(self, seconds: float) -> bool:
        return self._run * BLOCK >= max(BLOCK, seconds * RATE_HZ)

    def _begin(self) -> list[Mark]:
        self.since, self._run = self._seen - self._run * BLOCK, 0
        return [Mark(True, self.since, self._seen)]

    def end(self) -> list[Mark]:
        """End the open utterance here, if there is one."""
        if self.since is None:
            return []
        at, self.since, self._run = self._seen - self._run * BLOCK, None, 0
        return [Mark(False, at, self._seen)]
