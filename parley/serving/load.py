"""How busy live streams keep a model, and whether one more can be admitted. Must not know what is said.

What a stream takes of the engine is measured; of one that has just begun it is expected, by what the model cost when it
was warmed up. So nobody has to say how many streams a machine can bear, and a heavier model takes fewer.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from parley.budget import Clock
from parley.errors import TooBusy

MOST = 0.6  # of the engine's time may go to answers that somebody waits for; guesses and chance need the rest
MOST_AGAIN = 0.85  # where a stream comes that another replica has lost: refused, it could lose words
WAIT_S = 0.3  # where urgent jobs wait longer than this for the engine, or did just now,
WAITING = 0.25  # only this part of that share is given away; one hiccup shall not close an idle service
WINDOW_S = 10.0  # over which is measured; so long a new stream is not believed to need less than expected
CAREFUL = 1.25  # times what was measured when nothing else ran
SETTLED, ENOUGH = 0.5, 4  # windows; so many such streams tell more than the warm-up did,
ASTRAY = 8.0  # up to so many times less or more
AT_MOST = 3.0  # times what is expected counts for one stream: no speech is longer than the time it takes
RETRY_S = 3.0


@runtime_checkable
class Costed(Protocol):
    """An engine that has measured what live speech costs it."""

    second_s: float  # of its time for a second of a stream's
    on_cpu: bool  # that is the processor's time


class Fading:
    """A sum that decays exponentially: what was added long ago counts little."""

    def __init__(self, window_s: float, clock: Clock) -> None:
        self._window_s, self._clock = window_s, clock
        self._sum, self._at = 0.0, clock()

    @property
    def rate(self) -> float:
        """How much was added per second, over the last window."""
        return self._sum * math.exp((self._at - self._clock()) / self._window_s) / self._window_s

    def add(self, much: float) -> None:
        """Add so much now."""
        self._sum, self._at = self.rate * self._window_s + much, self._clock()


class Place:
    """One stream's share of the engine, measured while it is open."""

    def __init__(self, load: "Load", clock: Clock) -> None:
        self._load, self._clock, self._since = load, clock, clock()
        self._took = Fading(WINDOW_S, clock)

    @property
    def age(self) -> float:
        """How long it has been open, in windows."""
        return (self._clock() - self._since) / WINDOW_S

    @property
    def takes(self) -> float:
        """Engine seconds per second, measured over its last window, or since it began."""
        return self._took.rate / max(1e-3, 1 - math.exp(-self.age))

    def needs(self, expected: float) -> float:
        """The same, but for a young stream at least part of what is expected."""
        return min(max(expected * (1 - self.age), self._took.rate), AT_MOST * expected)

    def waits(self, wait_s: float) -> None:
        """An urgent job has waited so long and still waits."""
        self._load.waited(wait_s)

    def answered(self, wait_s: float, engine_s: float) -> None:
        """An urgent job waited so long, and then took so much of the engine."""
        self._took.add(engine_s)
        self.waits(wait_s)


class Load:
    """All live streams of one model: what they take of the engine, and how long their urgent jobs wait."""

    def __init__(self, second_s: float, workers: int, clock: Clock = time.monotonic, *, on_cpu: bool = False) -> None:
        self._second_s, self._workers, self._clock, self._on_cpu = second_s, workers, clock, on_cpu
        self._places: set[Place] = set()
        self._waits_s, self._waited_at = 0.0, clock()
        self._wall, self._cpu = Fading(WINDOW_S, clock), Fading(WINDOW_S, clock)

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._places)

    @property
    def expected(self) -> float:
        """What a new stream will take: as much as others do, or what the warm-up says where there are too few."""
        warm = self._second_s * self._slower
        settled = [place.takes for place in self._places if place.age > SETTLED]
        if len(settled) < ENOUGH:
            return CAREFUL * warm
        seen = sum(settled) / len(settled)
        return CAREFUL * min(max(seen, self._second_s / ASTRAY), self._second_s * ASTRAY)

    @property
    def _slower(self) -> float:
        """How many times slower than when nothing else ran: other processes use the processor too."""
        wall, cpu = self._wall.rate, self._cpu.rate
        return min(max(wall / cpu, 1.0), ASTRAY) if self._on_cpu and cpu else 1.0

    def ran(self, wall_s: float, cpu_s: float) -> None:
        """The engine worked for so long by the wall clock, and for so long by the processor's."""
        self._wall.add(wall_s)
        self._cpu.add(cpu_s)

    @property
    def share(self) -> float:
        """The share of the engine's time that streams need; more than 1 where it is overloaded."""
        expected = self.expected
        return sum(place.needs(expected) for place in self._places) / self._workers

    @property
    def wait_s(self) -> float:
        """The longest recent wait, decaying."""
        return self._waits_s * math.exp((self._waited_at - self._clock()) / WINDOW_S)

    @property
    def has_room(self) -> bool:
        """Whether one more stream would be taken."""
        return self._takes(MOST)

    def _takes(self, most: float) -> bool:
        """Whether one more fits under `most`. The first stream always does: no load is smaller."""
        left = most * (WAITING if self.wait_s > WAIT_S else 1.0) - self.share
        return not self._places or self.expected / self._workers <= left

    def waited(self, wait_s: float) -> None:
        """An urgent job waited so long for the engine."""
        if wait_s >= self.wait_s:
            self._waits_s, self._waited_at = wait_s, self._clock()

    @contextmanager
    def place(self, *, again: bool = False) -> Iterator[Place]:
        """Admit one stream for as long as the context lasts; raises TooBusy where it would make answers late."""
        if not self._takes(MOST_AGAIN if again else MOST):
            raise TooBusy(
                f"{self.streams} streams take {self.share:.0%} of the engine, answers wait {self.wait_s:.1f} s for it; "
                f"one more stream would make them late. Come back in {RETRY_S:g} s.",
                retry_s=RETRY_S,
            )
        place = Place(self, self._clock)
        self._places.add(place)
        try:
            yield place
        finally:
            self._places.discard(place)
