"""Canaries of simulated versions, judged by the real code: what is bad is taken back in time, what is not is kept.

The numbers of docs/rollouts.md: 200 streams of the new version at most, in 19 of 20 runs.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from gateway.rollouts.canary import Canary, CanaryConfig, CanaryState, begun
from gateway.rollouts.signals import CONFIDENCE, ERROR, LATE, NO_SPEECH, WAIT, WORDS_PER_S, WORST_WAIT, Signals
from gateway.routing.route import Asker
from gateway.routing.router import Router
from parley.engines.model import ModelRef

RUNS, WANTED, MOST = 20, 19, 200
NEW = ModelRef.of("nano@4")
PLANS = ((1, 10, 50, 100), (50, 100))


@dataclass(frozen=True)
class Version:
    """How a version's streams go."""

    slow: float = 1.0
    fails: float = 0.0
    differs: float = 0.06

    def stream(self, chance: random.Random) -> Signals:
        """One of them: times with a long tail, words of varying doubt."""
        if chance.random() < self.fails:
            return Signals({ERROR: 1.0, LATE: 0.0})
        wait_s = self.slow * chance.lognormvariate(-2.3, 0.5)
        numbers = {ERROR: 0.0, LATE: float(wait_s > 1.0), WAIT: wait_s, WORST_WAIT: wait_s * chance.uniform(1, 3)}
        numbers |= {CONFIDENCE: -chance.lognormvariate(-1.2, 0.6), NO_SPEECH: chance.betavariate(1, 20)}
        return Signals(numbers | {WORDS_PER_S: chance.gauss(2.5, 0.6)})

    def divergence(self, chance: random.Random) -> float:
        """From the other version, where both heard a stream: at times none, at times much."""
        return min(1.0, chance.expovariate(1 / self.differs)) if chance.random() < 0.9 else 0.0


GOOD = Version()


def tried(seed: int, new: Version, old: Version = GOOD, plan: tuple[int, ...] = PLANS[0]) -> Canary:
    """A canary to its end: ten streams a second, shared out by the real router."""
    chance = random.Random(seed)
    before = {"versions": {"nano@3": 100}}
    canary = begun(CanaryConfig("asr/default", "nano@4", plan, hold_s=60.0), before)
    stream = 0
    while canary.state is CanaryState.RUNNING:
        router = Router({"asr/default": canary.table()})
        for _ in range(10):
            stream += 1
            choice = router.pick("asr", "", Asker(f"{seed}-{stream}"))
            canary.see((new if choice.ref == NEW else old).stream(chance), is_new=choice.ref == NEW)
            if choice.shadows:
                canary.compare(new.divergence(chance))
        canary.pass_time(1.0)
    return canary


def share(runs: int, wanted: Callable[[Canary], bool], new: Version, plan: tuple[int, ...], old: Version = GOOD) -> int:
    return sum(wanted(tried(seed, new, old, plan)) for seed in range(runs))


def is_caught(canary: Canary) -> bool:
    return canary.state is CanaryState.ROLLED_BACK and canary.streams <= MOST


@pytest.mark.parametrize("plan", PLANS, ids=str)
@pytest.mark.parametrize(
    ("measures", "bad"),
    [("latency|tail", Version(slow=3.0)), ("errors", Version(fails=0.1)), ("divergence", Version(differs=3.0))],
    ids=["slow", "fails", "other words"],
)
def test_a_bad_version_is_taken_back(measures: str, bad: Version, plan: tuple[int, ...]) -> None:
    """Three times as slow, one stream in ten broken, other words: before 200 streams, in 19 of 20 runs; and why."""
    assert share(RUNS, is_caught, bad, plan) >= WANTED
    assert re.search(f"after [0-9]+ streams for its ({measures}), ", tried(1, bad, plan=plan).why)


@pytest.mark.parametrize("plan", PLANS, ids=str)
@pytest.mark.parametrize("both", [GOOD, Version(fails=0.02)], ids=["well", "some fail"])
def test_an_equal_version_is_promoted(both: Version, plan: tuple[int, ...]) -> None:
    """In 19 of 20 runs, also where both have a bad day."""

    def is_promoted(canary: Canary) -> bool:
        return canary.state is CanaryState.PROMOTED

    assert share(RUNS, is_promoted, both, plan, both) >= WANTED
