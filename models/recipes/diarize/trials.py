"""Speaker verification trials on held-out speakers, and the equal error rate."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.recipes.diarize.codecs import line
from models.recipes.diarize.speakers import Clips, speakers
from models.recipes.sound import RATE_HZ, Audio

# Corpora whose speakers are known for certain and say enough.
CORPORA = ("an4", "librispeech-mini")
MOST = 10
CONDITIONS = ("clean", "telephone")

Rows = NDArray[np.float32]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Trials:
    """Windows of one length and condition; pairs are made within a corpus, where the channel gives nothing away."""

    windows: Rows
    speakers: tuple[str, ...]
    corpora: tuple[str, ...]

    def scores(self, rows: Rows, corpus: str = "") -> tuple[Scores, Scores]:
        """Cosines of the pairs of one speaker, and of the pairs of two."""
        who, where = np.array(self.speakers), np.array(self.corpora)
        cosines = np.asarray(rows @ rows.T, np.float64)
        pair = np.triu(where[:, None] == where[None], 1) & ((where[:, None] == corpus) | (corpus == ""))
        same = who[:, None] == who[None]
        return cosines[pair & same], cosines[pair & ~same]


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


def eer(same: Scores, other: Scores) -> float:
    """Where as many pairs of one speaker are refused as pairs of two are taken."""
    return crossing(same, other)[0]


def crossing(same: Scores, other: Scores) -> tuple[float, float]:
    """The equal error rate and the threshold at which it holds."""
    scores = np.concatenate([same, other])
    order = np.argsort(scores, kind="stable")
    is_same = np.concatenate([np.ones(len(same)), np.zeros(len(other))])[order]
    refused = np.cumsum(is_same) / len(same)
    taken = 1 - np.cumsum(1 - is_same) / len(other)
    at = int(np.argmin(np.abs(refused - taken)))
    return float((refused[at] + taken[at]) / 2), float(scores[order[at]])
