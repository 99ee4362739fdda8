"""Where attention says that each token was heard: the way through a table of its scores. Pure."""

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.float32]


def places(scores: Table, skip: int, median: int) -> list[int]:
    """[heads, tokens, positions] -> the position at which each token begins, the first `skip` and the last left out."""
    looks = np.exp(scores - scores.max(-1, keepdims=True))
    looks /= looks.sum(-1, keepdims=True)
    # What counts is not how much a head looks at a place, but for which token it looks more than for others.
    spread = looks.std(1, keepdims=True)
    even = (looks - looks.mean(1, keepdims=True)) / np.where(spread > 0, spread, 1)
    return _firsts(-_smooth(even, median).mean(0)[skip:-1])


def _smooth(table: Table, width: int) -> Table:
    """The median of `width` neighbours in time; the edges are mirrored."""
    half = width // 2
    if not half or table.shape[-1] <= half:
        return table
    padded = np.pad(table, ((0, 0), (0, 0), (half, half)), mode="reflect")
    smooth: Table = np.median(np.lib.stride_tricks.sliding_window_view(padded, width, axis=-1), axis=-1)
    return smooth


def _firsts(costs: Table) -> list[int]:
    """In the cheapest way from corner to corner, the first column of every row."""
    rows, columns = costs.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    for row in range(rows):
        for column in range(columns):
            before = min(total[row, column], total[row, column + 1], total[row + 1, column])
            total[row + 1, column + 1] = costs[row, column] + before
    return _back(total)


def _back(total: npt.NDArray[np.float64]) -> list[int]:
    row, column = total.shape[0] - 1, total.shape[1] - 1
    firsts = [0] * row
    while row > 0 and column > 0:
        firsts[row - 1] = column - 1
        steps = (total[row - 1, column - 1], total[row - 1, column], total[row, column - 1])
        best = int(np.argmin(steps))
        row, column = row - (best != 2), column - (best != 1)
    return firsts
