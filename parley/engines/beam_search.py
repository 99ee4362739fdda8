"""Tokens out of scores: the search that CTranslate2 does inside, for libraries that only run graphs. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from parley.engines.protocols import Decoding

Scores = npt.NDArray[np.float32]
Step = Callable[[npt.NDArray[np.int64]], Scores]  # tokens [rows, count] -> log-probabilities of the next [rows, all]


@dataclass(frozen=True)
class Hypothesis:
    """One answer."""

    tokens: tuple[int, ...]
    score: float  # mean log-probability


def search(
    step: Step, prompts: Sequence[Sequence[int]], how: Decoding, end: int, begun: Sequence[Sequence[int]] = ()
) -> list[Hypothesis]:
    """The best answer to each prompt; they are equally long. What an answer begins with may be given."""
    forced = begun or [()] * len(prompts)
    searches = [_Search(prompt, how, end, given) for prompt, given in zip(prompts, forced, strict=True)]
    for _ in range(how.longest):
        scores = step(np.array([row for each in searches for row in each.rows], np.int64))
        for each, mine in zip(searches, np.split(scores, len(searches)), strict=True):
            each.go_on(mine)
        if all(each.is_over for each in searches):
            break
    return [each.best() for each in searches]


class _Search:
    """The answers to one prompt that are still followed up, and those that have ended."""

    def __init__(self, prompt: Sequence[int], how: Decoding, end: int, begun: Sequence[int] = ()) -> None:
        self._skip, self._how, self._end, self._begun = len(prompt), how, end, begun
        self.rows = [list(prompt)] * how.beam
        self._totals = np.array([0.0] + [-np.inf] * (how.beam - 1))
        self._ended: list[Hypothesis] = []
        self.is_over = False

    def go_on(self, scores: Scores) -> None:
        """One more token for every row."""
        generated = len(self.rows[0]) - self._skip
        if generated < len(self._begun):
            self._force(self._begun[generated], scores)
            return
        if not generated and scores[0].argmax() == self._end:
            self._ended, self.is_over = [Hypothesis((), 0.0)], True
        if self.is_over:  # kept as long as the others
            self.rows = [[*row, self._end] for row in self.rows]
            return
        is_last = generated + 1 == self._how.longest
        self._choose((self._totals[:, None] + scores).ravel(), scores.shape[1], is_last)
        self.is_over = is_last or len(self._ended) >= self._how.beam

    def _force(self, token: int, scores: Scores) -> None:
        self.rows = [[*row, token] for row in self.rows]
        given = scores[:, token]
        # What is given may be what a model must not say by itself.
        self._totals = self._totals + np.where(np.isfinite(given), given, 0.0)

    def _choose(self, totals: npt.NDArray[Any], size: int, is_last: bool) -> None:
        """An end among the first ends its row, as the limit does; the next best goes on in its place."""
        beam = self._how.beam
        likeliest = np.argsort(-totals, kind="stable")[: 2 * beam].tolist()
        rows = {place: [*self.rows[place // size], place % size] for place in likeliest}
        for place in filter(lambda place: np.isfinite(totals[place]), likeliest[:beam]):
            if place % size == self._end:
                self._ended.append(self._found(rows[place][:-1], totals[place]))
            elif is_last:
                self._ended.append(self._found(rows[place], totals[place]))
        on = [place for place in likeliest if place % size != self._end][:beam]
        self.rows, self._totals = [rows[place] for place in on], totals[on]

    def _found(self, row: Sequence[int], total: float) -> Hypothesis:
        tokens = tuple(row[self._skip :])
        return Hypothesis(tokens, float(total / len(tokens)) if tokens else -np.inf)

    def best(self) -> Hypothesis:
        """The likeliest by token."""
        return max(self._ended, key=lambda found: found.score)
