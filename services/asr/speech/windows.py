"""Where a recording is cut into windows: at its longest pauses. Pure: samples in, windows out, in any chunks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from parley.audio.pcm import RATE_HZ, SILENCE, Samples
from parley.errors import BadConfig
from services.asr.speech.endpoint import AFTER, BEFORE
from services.asr.speech.vad import Detector

SHORTEST_PAUSE = RATE_HZ // 10  # less silence is a consonant
EARLIEST = 1 / 3  # of the longest window: a pause before it is no place to cut, the window would be too short
STRETCHED = 1.5  # times its longest, a window is cut even if most of it is silence
NEARLY = 0.6  # as long as this part of the longest pause, a later one is as good


@dataclass(frozen=True)
class WindowConfig:
    """How much of a recording is heard at once."""

    longest_s: float = 29.0  # a window is cut here at the latest, at its longest pause; what is left out does not count
    gap_s: float = 1.0  # silence this long ends it;
    least_s: float = 2.0  # with less speech than this, only twice as much: a few words alone are misheard
    start_s: float = 0.06  # speech this long starts one
    speech: float = 0.4  # as likely as this, it is speech;
    silence: float = 0.25  # it pauses where it is less likely than this

    def __post_init__(self) -> None:
        if not 1.0 <= self.longest_s <= 30.0:
            raise BadConfig(f"`windows.longest_s` is {self.longest_s}; write 1 to 30 seconds.")


@dataclass(frozen=True)
class Pause:
    """Silence inside a window, from sample to sample."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Its samples."""
        return self.end - self.start


@dataclass(frozen=True)
class Window:
    """A piece of the recording, with a margin around its speech."""

    start: int
    end: int
    speech: int  # where it begins
    silence: int  # where speech ends
    pauses: tuple[Pause, ...] = ()

    @property
    def parts(self) -> list[tuple[int, int]]:
        """The parts that are recognised: pauses shortened, because a model takes long silence for the end."""
        long = [pause for pause in self.pauses if pause.length > BEFORE + AFTER]
        starts = [self.start, *(pause.end - BEFORE for pause in long)]
        ends = [*(pause.start + AFTER for pause in long), self.end]
        return list(zip(starts, ends, strict=True))

    def place(self, sample: int) -> int:
        """Where in the recording a sample of the parts lies."""
        for start, end in self.parts:
            if sample <= end - start:
                return start + sample
            sample -= end - start
        return self.end


class Windower:
    """Hears one window and no more: where it ends depends on nothing before it. The next one needs another windower."""

    def __init__(self, config: WindowConfig, detector: Detector, start: int = 0) -> None:
        self._config, self._detector = config, detector
        self._floor = self._seen = start
        self._rest = SILENCE
        self._run = 0  # blocks of speech in a row, before the window is open
        self._since: int | None = None  # where speech began
        self._chances: list[float] = []  # since then
        self._spoken = self._quiet = 0  # blocks of speech in the open window; of silence in a row, at its end
        self._skipped = 0  # samples of long pauses that need not be heard

    @property
    def speech(self) -> int | None:
        """Where somebody began to speak."""
        return self._since

    @property
    def longest(self) -> int:
        """Samples of any window."""
        return round(self._config.longest_s * RATE_HZ)

    @property
    def needed_from(self) -> int:
        """What lies before will be in no window of this or a later one."""
        began = self._seen - self._run * self._detector.block if self._since is None else self._since
        return max(self._floor, began - BEFORE)

    def feed(self, samples: Samples) -> Window | None:
        """The window, where these samples end it; what lies behind its end is not looked at."""
        held = np.concatenate((self._rest, samples))
        block = self._detector.block
        count = len(held) // block
        self._rest = held[count * block :].copy()
        chances = self._detector.probabilities(held[: count * block].reshape(count, block))
        return next((window for chance in chances if (window := self._look(chance))), None)

    def _look(self, chance: float) -> Window | None:
        self._seen += self._detector.block
        if self._since is None:
            self._begin(chance)
            return None
        self._chances.append(chance)
        if chance >= self._config.silence:
            self._skipped += max(0, self._pause - BEFORE - AFTER)
            self._spoken, self._quiet = self._spoken + 1, 0
        else:
            self._quiet += 1
        if self._pause >= self._gap:
            return self.end(self._seen)
        length = self._seen - self.needed_from
        is_long = length - self._skipped >= self.longest - AFTER or length >= STRETCHED * self.longest
        return self._cut() if is_long else None

    @property
    def _pause(self) -> int:
        return self._quiet * self._detector.block

    @property
    def _gap(self) -> float:
        """The silence that ends the window, in samples."""
        enough = self._spoken * self._detector.block >= self._config.least_s * RATE_HZ
        return self._config.gap_s * RATE_HZ * (1 if enough else 2)

    def _begin(self, chance: float) -> None:
        self._run = self._run + 1 if chance >= self._config.speech else 0
        if self._run * self._detector.block >= max(self._detector.block, self._config.start_s * RATE_HZ):
            self._since, self._chances = self._seen - self._run * self._detector.block, [chance] * self._run

    def end(self, last: int) -> Window | None:
        """End the open window here, if there is one; `last` is the end of the samples there are."""
        if self._since is None:
            return None
        silence = self._seen - self._pause
        return self._window(silence, min(silence + AFTER if self._quiet else last, last))

    def _cut(self) -> Window:
        """Cut in the latest of the longest pauses; without one, where speech was least likely in the last part."""
        first = int(len(self._chances) * EARLIEST)
        late = [pause for pause in self._pauses() if pause.start >= self._at(first)]
        if not late:
            rest = self._chances[2 * first :]
            at = self._at(len(self._chances) - rest[::-1].index(min(rest)))
            return self._window(at, at)
        longest = max(pause.length for pause in late)
        best = [pause for pause in late if pause.length >= NEARLY * longest][-1]
        return self._window(best.start, best.start + min(AFTER, best.length // 2))

    def _window(self, silence: int, end: int) -> Window:
        assert self._since is not None
        inside = tuple(pause for pause in self._pauses() if pause.end < silence)
        return Window(self.needed_from, end, self._since, silence, inside)

    def _at(self, block: int) -> int:
        assert self._since is not None
        return self._since + block * self._detector.block

    def _pauses(self) -> Iterator[Pause]:
        """Silence long enough to be none inside a word."""
        for first, last in _runs([chance < self._config.silence for chance in self._chances]):
            pause = Pause(self._at(first), self._at(last))
            if pause.length >= SHORTEST_PAUSE:
                yield pause


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The runs of True: first index, and the index behind the last."""
    at = 0
    for flag, same in groupby(flags):
        count = len(list(same))
        if flag:
            yield at, at + count
        at += count
