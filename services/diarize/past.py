"""What was heard of a stream, in bounded memory, for a second look at all of it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

import numpy as np

from services.diarize.clustering import Embedding, Voices, unit
from services.diarize.turns import PAUSE
from services.diarize.ward import groups, leaning, settled

MOST = 300  # rows: what a second look can take in without keeping others waiting
LEAST = 0.75  # windows full of speech that a voice of its own weighs


@dataclass(frozen=True)
class Span:
    """A stretch of speech, and the row that says whose."""

    start: int
    end: int
    row: int
    known_to: float = 0.0  # samples of the stream, by then: turns that end a breath before are over


@dataclass
class Row:
    """One window, or what several of one voice have in common."""

    total: Embedding
    weight: float
    voice: int
    company: int = 0  # rows with the same number are of people who speak beside each other; zero: of nobody else


class Past:
    """Embeddings are joined where they are many; stretches of speech are joined where they touch."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._spans: list[Span] = []

    def hear(self, embedding: Embedding, weight: float, voice: int, company: int = 0) -> None:
        """One more window."""
        if len(self._rows) >= MOST:
            self._thin()
        self._rows.append(Row(weight * unit(embedding), weight, voice, company))

    def span(self, start: int, end: int) -> None:
        """A stretch of speech in the last window."""
        self._spans.append(Span(start, end, len(self._rows) - 1))

    def close(self, known_to: float = inf) -> None:
        """Turns that end a breath before are over."""
        self._spans[-1:] = [replace(span, known_to=known_to) for span in self._spans[-1:]]

    def spans(self, voices: Voices) -> Iterator[tuple[Span, int, float]]:
        """Every stretch of speech, whose it is, and how alike."""
        alike = [voices.likeness(row.voice, row.total) for row in self._rows]
        for span in self._spans:
            yield span, self._rows[span.row].voice, alike[span.row]

    def regroup(self, voices: Voices) -> list[int]:
        """Clusters everything heard so far anew; gives the voices in order of appearance."""
        rows = leaning(np.stack([unit(row.total) for row in self._rows]))
        weights = np.array([row.weight for row in self._rows])
        labels = groups(rows, weights, voices.config.ward_height, voices.config.most, voices.config.apart)
        labels = settled(labels, rows, weights, LEAST, [row.company for row in self._rows])
        were: defaultdict[tuple[int, int], float] = defaultdict(float)
        for label, row in zip(labels.tolist(), self._rows, strict=True):
            were[label, row.voice] += row.weight
        totals = np.stack([row.total for row in self._rows])
        found = voices.regroup([totals[labels == group].sum(0) for group in range(labels.max() + 1)], were)
        for label, row in zip(labels.tolist(), self._rows, strict=True):
            row.voice = found[label]
        return found

    def _thin(self) -> None:
        """Of the rows that follow each other in one voice the most alike pairs become one."""
        into: dict[int, int] = {}
        for one, other in self._alike():
            if not {one, other} & {*into, *into.values()} and len(into) < MOST // 3:
                into[other] = one
        for other, one in into.items():
            self._rows[one].total = self._rows[one].total + self._rows[other].total
            self._rows[one].weight += self._rows[other].weight
            self._rows[one].company = 0
        kept = [n for n in range(len(self._rows)) if n not in into]
        place = {row: n for n, row in enumerate(kept)}
        self._rows = [self._rows[n] for n in kept]
        self._spans = bridged(replace(span, row=place[into.get(span.row, span.row)]) for span in self._spans)

    def _alike(self) -> list[tuple[int, int]]:
        """Pairs of rows that follow each other in one voice, the most alike first."""
        order = sorted(range(len(self._rows)), key=lambda n: self._rows[n].voice)
        pairs = [(a, b) for a, b in pairwise(order) if self._rows[a].voice == self._rows[b].voice]
        return sorted(pairs, key=lambda pair: -float(unit(self._rows[pair[0]].total) @ unit(self._rows[pair[1]].total)))


def bridged(spans: Iterable[Span]) -> list[Span]:
    """Stretches of one row with no more than a breath between them are one."""
    kept: list[Span] = []
    for span in spans:
        last = kept[-1] if kept else None
        if last and last.row == span.row and max(span.start, last.known_to) - last.end <= PAUSE:
            kept[-1] = replace(span, start=last.start)
        else:
            kept.append(span)
    return kept
