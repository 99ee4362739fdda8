from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.diarize.ward import Rows, groups, leaning, merges, settled

SIZES = st.lists(st.integers(1, 3), min_size=2, max_size=9)


def points(count: int, seed: int = 0) -> Rows:
    return np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)


def dearly(rows: Rows, weights: list[int]) -> list[float]:
    """What each merge costs, found by trying every pair every time."""
    held = [(row.astype(np.float64), float(weight)) for row, weight in zip(rows, weights, strict=True)]
    heights = []
    while len(held) > 1:
        costs = {
            (i, j): float(np.sqrt(2 * v * w / (v + w)) * np.linalg.norm(a - b))
            for (i, (a, v)), (j, (b, w)) in combinations(enumerate(held), 2)
        }
        i, j = min(costs, key=costs.__getitem__)
        heights.append(costs[i, j])
        (a, v), (b, w) = held[i], held[j]
        held = [one for n, one in enumerate(held) if n not in (i, j)] + [((v * a + w * b) / (v + w), v + w)]
    return heights


@given(SIZES, st.integers(0, 99))
def test_the_cheapest_merge_comes_first(weights: list[int], seed: int) -> None:
    """The chains find the same merges as trying every pair, at the same cost, in the same order."""
    rows = points(len(weights), seed)
    assert [m.height for m in merges(rows, np.array(weights))] == pytest.approx(dearly(rows, weights), abs=1e-4)


@given(st.integers(1, 30), st.integers(1, 5), st.floats(0, 10))
def test_never_more_groups_than_allowed(count: int, most: int, height: float) -> None:
    """Numbers begin with zero, have no gaps, come in order of appearance, and are no more than allowed."""
    labels = groups(points(count), np.ones(count), height, most).tolist()
    assert max(labels) < most
    assert list(dict.fromkeys(labels)) == list(range(max(labels) + 1))


def test_the_height_decides() -> None:
    """Two clouds far apart are two groups below what their union costs, and one above."""
    rows = np.concatenate((points(5) * 0.01, points(5) * 0.01 + 1)).astype(np.float32)
    cost = float(np.sqrt(5) * np.linalg.norm(rows[:5].mean(0) - rows[5:].mean(0)))
    assert groups(rows, np.ones(10), 0.99 * cost, 16).tolist() == [0] * 5 + [1] * 5
    assert groups(rows, np.ones(10), 1.01 * cost, 16).tolist() == [0] * 10


def test_groups_that_are_not_alike_stay_two() -> None:
    """However little there is of them, and so however little it would cost; and what is alike is one all the same."""
    rows = np.array([[1, 0], [1, 0.01], [0.3, 1], [0.31, 1], [0.9, 0.5], [0.91, 0.5]], np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert groups(rows, np.full(6, 0.1), 0.6, 16).tolist() == [0] * 6
    assert groups(rows, np.full(6, 0.1), 0.6, 16, apart=0.8).tolist() == [0, 0, 1, 1, 0, 0]
    assert groups(rows, np.full(6, 0.1), 0.6, 1, apart=0.8).tolist() == [0] * 6


def test_a_group_that_weighs_little_is_shared_out() -> None:
    """Its rows go to whoever is nearest; where all weigh little all stay."""
    rows = np.array([[1, 0], [1, 0.1], [0, 1], [0.8, 0.6], [0.6, 0.8]], np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    labels, weights = np.array([0, 0, 1, 2, 2]), np.array([1, 1, 2, 0.2, 0.2])
    assert settled(labels, rows, weights, 1.0).tolist() == [0, 0, 1, 0, 1]
    assert settled(labels, rows, weights, 9.0).tolist() == [0, 0, 1, 2, 2]


def test_a_row_in_the_wrong_group_moves() -> None:
    """Merges are never undone; a row that is nearer to another group's mean goes there."""
    rows = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0.1, 1]], np.float32)
    assert settled(np.array([0, 0, 1, 1, 0]), rows, np.ones(5), 1.0).tolist() == [0, 0, 1, 1, 1]


def test_leaning_brings_one_voice_together() -> None:
    """Rows of one voice come nearer to each other and those of two do not; too few have nobody to lean on."""
    rng = np.random.default_rng(0)
    voices = np.repeat(np.eye(2, 16, dtype=np.float32), 20, 0)
    rows = voices + rng.normal(0, 0.2, voices.shape).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    leant = leaning(rows)
    same, other = (leant @ leant.T)[:20, :20].mean(), (leant @ leant.T)[:20, 20:].mean()
    assert same > (rows @ rows.T)[:20, :20].mean() + 0.1
    assert other < (rows @ rows.T)[:20, 20:].mean() + 0.05
    assert np.allclose(np.linalg.norm(leant, axis=1), 1, atol=1e-5)
    assert np.array_equal(leaning(rows[:3]), rows[:3])


def test_rows_in_company_are_of_different_groups() -> None:
    """Who speak at once are two, however alike; the surer one keeps the group, and others are free."""
    rows = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0.98, 0.2]], np.float32)
    weights, labels = np.ones(5), np.array([0, 0, 1, 1, 0])
    assert settled(labels, rows, weights, 1.0).tolist() == [0, 0, 1, 1, 0]
    assert settled(labels, rows, weights, 1.0, [0, 7, 0, 0, 7]).tolist() == [0, 0, 1, 1, 1]
