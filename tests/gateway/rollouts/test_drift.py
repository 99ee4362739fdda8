"""A version's numbers against those that it began with."""

import json
import random
from collections.abc import Callable

from gateway.rollouts.drift import BASELINE, WINDOW, Drift, KindDrift

Draw = Callable[[random.Random], float]


def drifted(first: Draw, then: Draw, seed: int, streams: int = WINDOW) -> bool:
    chance, drift = random.Random(seed), Drift()
    for _ in range(BASELINE):
        drift.see(first(chance))
    for _ in range(streams):
        drift.see(then(chance))
    found = drift.found(0.25)
    assert found is not None
    return bool(found["left"])


def usual(chance: random.Random) -> float:
    return chance.lognormvariate(-1, 0.6)


def test_the_same_numbers_stay_within() -> None:
    """In a hundred windows of the same distribution no alarm."""
    assert sum(drifted(usual, usual, seed) for seed in range(100)) == 0


def test_another_shape_and_another_mean_are_found() -> None:
    """Numbers that are wider spread around the same mean, and a mean that is half a deviation higher."""

    def wide(chance: random.Random) -> float:
        return chance.gauss(0, 2)

    def higher(chance: random.Random) -> float:
        return chance.gauss(0.5, 1)

    def normal(chance: random.Random) -> float:
        return chance.gauss(0, 1)

    assert sum(drifted(normal, wide, seed) for seed in range(20)) >= 19
    assert sum(drifted(normal, higher, seed) for seed in range(20)) >= 19


def test_a_number_that_never_changes_has_a_baseline_too() -> None:
    """As a clipped share that is always 0: the same is none, another one is a drift."""
    assert not drifted(lambda _: 0.0, lambda _: 0.0, 1)
    assert drifted(lambda _: 0.0, lambda chance: chance.random() * 0.2, 1)


def test_a_baseline_outlives_its_process() -> None:
    """Written and read again it finds the same."""
    drift = Drift()
    assert drift.found(0.25) is None
    for value in range(BASELINE):
        drift.see(value / 100)
    again = Drift(json.loads(json.dumps(drift.kept)))
    for each in (drift, again):
        for _ in range(WINDOW):
            each.see(9.0)
    assert again.found(0.25) == drift.found(0.25)
    assert again.found(0.25)


def test_another_mix_of_languages_is_found() -> None:
    """One that was never spoken, and shares that have changed; the same mix is none, also after a restart."""
    same, other, new = KindDrift(), KindDrift(), KindDrift()
    for n in range(BASELINE):
        for drift in (same, other, new):
            drift.see("en" if n % 4 else "de")
    same = KindDrift(json.loads(json.dumps(same.kept)))
    for n in range(WINDOW):
        same.see("en" if n % 4 else "de")
        other.see("de" if n % 4 else "en")
        new.see("en" if n % 4 else "fr")
    assert [drift.found(0.25)["left"] for drift in (same, other, new)] == [False, True, True]  # type: ignore[index]
