"""Speaker verification trials on held-out speakers, and the equal error rate."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.recipes.diarize.sound.codecs import line
from models.recipes.diarize.sound.speakers import Clips, speakers
from models.recipes.sound import RATE_HZ, Audio

# Corpora whose speakers are known for certain and say enough.
CORPORA = ("an4", "librispeech-mini")
MOST = 10
CONDITIONS = ("clean", "telephone")

Rows = NDArray[np.float32]
# Cosines of pairs of one speaker, and of pairs of two.
Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Trials:
    """Windows of one length and condition; pairs are made within a corpus, where the channel gives nothing away."""

    windows: Rows
    speakers: tuple[str, ...]
    corpora: tuple[str, ...]

    def scores(self, rows: Rows, corpus: str) -> Pairs:
        """Cosines of a corpus's pairs of one speaker, and of its pairs of two."""
        inside = np.array(self.corpora) == corpus
        who, mine = np.array(self.speakers)[inside], rows[inside]
        pair = np.triu(np.ones((len(who), len(who)), bool), 1)
        same = who[:, None] == who[None]
        cosines = np.asarray(mine @ mine.T, np.float64)
        return cosines[pair & same], cosines[pair & ~same]

    def by_corpus(self, rows: Rows) -> dict[str, Pairs]:
        """The same for every corpus there is."""
        return {corpus: self.scores(rows, corpus) for corpus in sorted(set(self.corpora))}


def trials(folders: Sequence[Path], part: str, seconds: Sequence[float]) -> dict[str, Trials]:
    """`clean 1.5 s`, `telephone 3 s` and so on, of the speakers of one part."""
    known = [each for each in speakers(folders, part) if each[0] in CORPORA]
    return {f"{c} {s:g} s": gathered(known, s, c) for c in CONDITIONS for s in seconds}


def gathered(known: Sequence[tuple[str, str, Clips]], seconds: float, condition: str) -> Trials:
    """Windows of every speaker, through a line if asked."""
    windows: list[Audio] = []
    names: list[str] = []
    corpora: list[str] = []
    for corpus, name, clips in known:
        cut = windows_of(clips, round(seconds * RATE_HZ))
        if condition == "telephone":
            rng = np.random.default_rng(zlib.crc32(name.encode()))
            cut = [line(window, rng) for window in cut]
        windows += cut
        names += [name] * len(cut)
        corpora += [corpus] * len(cut)
    return Trials(np.stack(windows), tuple(names), tuple(corpora))


def windows_of(clips: Clips, size: int) -> list[Audio]:
    """Windows that share no sample, spread over all that a speaker says."""
    speech = np.concatenate(clips)
    count = len(speech) // size
    wanted = np.unique(np.linspace(0, count - 1, min(count, MOST)).astype(int))
    return [speech[i * size : (i + 1) * size] for i in wanted if count]


def eer(*parts: Pairs) -> float:
    """Percent of errors where as many pairs of one speaker are refused as pairs of two are taken."""
    return 100 * crossing(*parts)[0]


def crossing(*parts: Pairs) -> tuple[float, float]:
    """The equal error rate and its threshold, one for all parts; every part weighs the same."""
    scores = np.concatenate([s for part in parts for s in part])
    same = np.concatenate([np.concatenate([np.full(len(a), 1 / len(a)), np.zeros(len(b))]) for a, b in parts])
    other = np.concatenate([np.concatenate([np.zeros(len(a)), np.full(len(b), 1 / len(b))]) for a, b in parts])
    order = np.argsort(scores, kind="stable")
    refused = np.cumsum(same[order]) / len(parts)
    taken = 1 - np.cumsum(other[order]) / len(parts)
    at = int(np.argmin(np.abs(refused - taken)))
    return float((refused[at] + taken[at]) / 2), float(scores[order[at]])
