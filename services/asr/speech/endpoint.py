"""When an utterance begins and ends. Pure: samples in, marks out, whatever the chunking."""

from dataclasses import dataclass

import numpy as np

from parley.audio.pcm import RATE_HZ, SILENCE, Samples
from services.asr.speech.vad import Detector

BEFORE, AFTER = 2 * RATE_HZ // 5, RATE_HZ // 5  # kept around speech: consonants are quiet, first ones above all


@dataclass(frozen=True)
class EndpointConfig:
    """Thresholds that start and end an utterance."""

    start_s: float = 0.06  # speech this long starts an utterance
    stop_s: float = 0.5  # silence this long ends it
    longest_s: float = 25.0  # it is cut here at the latest
    speech: float = 0.4  # as likely as this, it is speech;
    silence: float = 0.25  # it ends where it is less likely than this
    level_db: float = -45.0  # louder than this, below full scale, is speech to the `level` detector
    disabled: bool = False  # never end on silence


@dataclass(frozen=True)
class Mark:
    """Speech began or ended at a sample; `known_at` is the sample at which that was certain."""

    began: bool
    at: int
    known_at: int
    is_cut: bool = False  # in the middle of speech


class Endpointer:
    """Looks at one block after another until an utterance has ended. The next one needs another endpointer.

    So what ends an utterance depends on nothing that was heard before it, and whoever has to hear it a second time,
    from where the last one ended, cuts it at the same samples.
    """

    def __init__(self, config: EndpointConfig, detector: Detector, start: int = 0) -> None:
        self._config, self._detector = config, detector
        self._rest = SILENCE
        self._seen = start  # samples of the stream
        self._run = 0  # blocks in a row that speak against the present state
        self._chances: list[float] = []  # since the open utterance began
        self.since: int | None = None  # where it began
        self._is_over = False

    @property
    def noticed_within(self) -> int:
        """How many samples after speech begins it is noticed, at the latest."""
        return round(self._config.start_s * RATE_HZ) + self._detector.block

    @property
    def pause(self) -> int | None:
        """Where the silence began that ends the open utterance if it lasts."""
        may_end = self.since is not None and self._run and not self._config.disabled
        return self._seen - self._run * self._detector.block if may_end else None

    def feed(self, samples: Samples) -> list[Mark]:
        """The marks that these samples bring; what lies behind an end is not looked at."""
        held = np.concatenate((self._rest, samples))
        block = self._detector.block
        count = len(held) // block
        self._rest = held[count * block :].copy()
        chances = self._detector.probabilities(held[: count * block].reshape(count, block))
        return [mark for chance in chances for mark in self._look(chance)]

    def _look(self, chance: float) -> list[Mark]:
        if self._is_over:
            return []
        self._seen += self._detector.block
        if self.since is None:
            self._run = self._run + 1 if chance >= self._config.speech else 0
            return self._begin() if self._long_enough(0.0 if self._config.disabled else self._config.start_s) else []
        self._chances.append(chance)
        self._run = 0 if chance >= self._config.silence else self._run + 1
        if not self._config.disabled and self._long_enough(self._config.stop_s):
            return self.end()
        return self._cut() if self._seen - self.since >= self._config.longest_s * RATE_HZ else []

    def _long_enough(self, seconds: float) -> bool:
        return self._run * self._detector.block >= max(self._detector.block, seconds * RATE_HZ)

    def _begin(self) -> list[Mark]:
        self.since = self._seen - self._run * self._detector.block
        self._run = 0
        return [Mark(True, self.since, self._seen)]

    def end(self) -> list[Mark]:
        """End the open utterance here, if there is one."""
        return self._end(self._run)

    def _cut(self) -> list[Mark]:
        """Too long without a pause: cut in the last third, where speech was least likely."""
        late = self._chances[-max(1, len(self._chances) // 3) :]
        return self._end(late[::-1].index(min(late)), is_cut=True)

    def _end(self, blocks_ago: int, is_cut: bool = False) -> list[Mark]:
        if self.since is None:
            return []
        self.since, self._is_over = None, True
        return [Mark(False, self._seen - blocks_ago * self._detector.block, self._seen, is_cut)]
