"""Ward's method: the groups in which many embeddings lie. Pure.

Two groups become one while that costs less than a height: the growth of the distances to the groups' means.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]
Weights = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
FEW = 5  # rows that one leans on, or a quarter of all
FINE = 0.6  # of the height: what is merged up to there is one voice, whatever its mean


@dataclass(frozen=True)
class Merge:
    """Two groups become one; a group is known by any of its rows."""

    height: float
    one: int
    other: int


def merges(rows: Rows, weights: Weights) -> list[Merge]:
    """All merges, the cheapest first, by chains of nearest neighbours."""
    weights, cost = weights.astype(np.float64), _costs(rows, weights)
    found: list[Merge] = []
    chain: list[int] = []
    while len(found) < len(rows) - 1:
        if not chain:
            chain.append(int(np.flatnonzero(np.isfinite(cost).any(1))[0]))
        last, nearest = chain[-1], int(np.argmin(cost[chain[-1]]))
        if len(chain) > 1 and cost[last, nearest] >= cost[last, chain[-2]]:
            nearest = chain[-2]
            del chain[-2:]
            found.append(Merge(float(np.sqrt(max(cost[last, nearest], 0))), last, nearest))
            _join(cost, weights, last, nearest)
        else:
            chain.append(nearest)
    return sorted(found, key=lambda merge: merge.height)


def _costs(rows: Rows, weights: Weights) -> npt.NDArray[np.float64]:
    square = (rows * rows).sum(1)
    far = np.maximum(square[:, None] + square - 2.0 * (rows @ rows.T), 0)
    cost = 2 * far * weights[:, None] * weights / (weights[:, None] + weights)
    # The same both ways to the last bit: else a chain of nearest neighbours may go round for ever.
    cost = np.maximum(cost, cost.T)
    np.fill_diagonal(cost, np.inf)
    return np.asarray(cost, np.float64)


def _join(cost: npt.NDArray[np.float64], weights: Weights, one: int, into: int) -> None:
    """What it costs to take others in, by the recurrence of Lance and Williams."""
    mine, theirs, together = weights[one], weights[into], cost[one, into]
    row = ((weights + mine) * cost[one] + (weights + theirs) * cost[into] - weights * together) / (
        weights + mine + theirs
    )
    row[[one, into]] = np.inf
    cost[into] = cost[:, into] = row
    cost[one] = cost[:, one] = np.inf
    weights[into] += mine


def groups(rows: Rows, weights: Weights, height: float, most: int, apart: float = -1.0) -> Labels:
    """A number for each row: merged below the height, and above it while there are too many.

    Groups whose means are less alike than `apart` stay two: short recordings hold too little for the height to tell.
    """
    labels = np.arange(len(rows))
    left = len(rows)
    for merge in merges(rows, weights):
        if merge.height >= height * FINE and left <= max(most, 1):
            break
        labels[labels == labels[merge.one]] = labels[merge.other]
        left -= 1
    return _by_appearance(_joined(_by_appearance(labels), rows, weights, height, apart))


def _joined(labels: Labels, rows: Rows, weights: Weights, height: float, apart: float) -> Labels:
    """The same merges for the few groups that are left, as far as their means are alike."""
    while (count := int(labels.max()) + 1) > 1:
        heavy = np.asarray(np.bincount(labels, weights, count), np.float64)
        sums = np.zeros((count, rows.shape[1]))
        np.add.at(sums, labels, rows * weights[:, None])
        means = sums / heavy[:, None]
        cost = np.sqrt(_costs(means.astype(np.float32), heavy))
        directions = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
        cost[(directions @ directions.T < apart) | (cost >= height)] = np.inf
        one, other = np.unravel_index(int(cost.argmin()), cost.shape)
        if not np.isfinite(cost[one, other]):
            break
        labels = _by_appearance(np.where(labels == one, other, labels))
    return labels


def leaning(rows: Rows) -> Rows:
    """Each row leans on the few most like it: what they share is the voice, what they do not is the word."""
    few = min(FEW, len(rows) // 4)
    if not few:
        return rows
    alike = rows @ rows.T
    np.fill_diagonal(alike, -1)
    nearest = np.argpartition(-alike, few - 1)[:, :few]
    weights = np.maximum(np.take_along_axis(alike, nearest, 1), 1e-3)
    leant = rows + (rows[nearest] * weights[..., None]).sum(1) / weights.sum(1, keepdims=True)
    return np.asarray(leant / np.linalg.norm(leant, axis=1, keepdims=True), np.float32)


def settled(labels: Labels, rows: Rows, weights: Weights, least: float, company: Sequence[int] = ()) -> Labels:
    """Every row goes to the nearest group, of those that weigh enough for a voice of their own.

    Of rows in company (with one number, not zero) no two go to the same group, as long as there are groups.
    """
    means = np.zeros((int(labels.max()) + 1, rows.shape[1]), np.float32)
    np.add.at(means, labels, rows * weights[:, None].astype(np.float32))
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    heavy = np.bincount(labels, weights) >= least
    alike = np.where(heavy | ~heavy.any(), rows @ means.T, -np.inf)
    nearest = alike.argmax(1)
    for number in set(company) - {0}:
        _part(nearest, alike, np.flatnonzero(np.asarray(company) == number))
    return _by_appearance(nearest)


def _part(nearest: Labels, alike: Rows, places: npt.NDArray[np.intp]) -> None:
    """The surest row chooses first."""
    free = alike[places].copy()
    for _ in range(min(len(places), int(np.isfinite(free[0]).sum()))):
        row, group = np.unravel_index(int(free.argmax()), free.shape)
        nearest[places[row]] = group
        free[row], free[:, group] = -np.inf, -np.inf


def _by_appearance(labels: Labels) -> Labels:
    _, first, places = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[places]
