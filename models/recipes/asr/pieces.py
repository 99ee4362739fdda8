"""Takes as training hears them: faster or slower, digits as strings, several after another in one window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recipes.asr import texts
from models.recipes.asr.bank import Take
from models.recipes.sound import RATE_HZ, Audio, Random, at_level

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Piece:
    """Audio and what is said in it. Times in samples; `words` is empty and phone ends are zero where unknown."""

    audio: Audio
    said: Sequence[str]
    words: Ints
    phones: Ints


def piece(take: Take, rng: Random, widest: float) -> Piece:
    """One take at another speed: pitch, formants and pace move together, as between people."""
    said = take.text.split()
    factor = float(np.exp(rng.uniform(-widest, widest))) if widest else 1.0
    phones = take.phones * np.array([1, 1 / factor])
    return Piece(_faster(take.audio, factor), said, _whole(take.words / factor), _whole(phones))


def _whole(times: NDArray[np.float64]) -> Ints:
    return np.asarray(np.round(times), np.int64)


def _faster(audio: Audio, factor: float) -> Audio:
    if abs(factor - 1) < 0.01:
        return audio
    at = np.arange(int(len(audio) / factor), dtype=np.float32) * np.float32(factor)
    return np.asarray(np.interp(at, np.arange(len(audio)), audio), np.float32)


def string(digits: Sequence[Piece], rng: Random) -> Piece:
    """Single words of one speaker as one utterance, rather quickly after another."""
    joined = follow(digits, rng, (0.0, 0.35), louder_db=2.0)
    words = [texts.within(part.said[0].rstrip(".")) for part in digits]
    return Piece(joined.audio, texts.written(words).split(), joined.words, joined.phones)


def follow(parts: Sequence[Piece], rng: Random, gap_s: tuple[float, float], louder_db: float = 5.0) -> Piece:
    """Pieces one after another, each at a level of its own. Times are lost where one piece has none."""
    audios: list[Audio] = []
    words: list[Ints] = []
    phones: list[Ints] = []
    at = 0
    for number, part in enumerate(parts):
        gap = int(rng.uniform(*gap_s) * RATE_HZ) if number else 0
        known = _is_timed(part)
        if known:
            phones.append(np.array([[0, at + gap]]))
        audios += [np.zeros(gap, np.float32), at_level(part.audio, -26 + rng.uniform(-louder_db, louder_db))]
        words.append(part.words + at + gap)
        phones.append(part.phones + np.array([0, at + gap if known else 0]))
        at += gap + len(part.audio)
    said = [word for part in parts for word in part.said]
    timed = all(len(part.words) == len(part.said) for part in parts)
    return Piece(np.concatenate(audios), said, np.concatenate(words if timed else [_NOTHING]), _phones(phones, parts))


_NOTHING = np.zeros((0, 2), np.int64)


def _is_timed(part: Piece) -> bool:
    """Whether its phones have ends."""
    return len(part.phones) > 0 and bool(part.phones[-1, 1] > 0)


def _phones(found: Sequence[Ints], parts: Sequence[Piece]) -> Ints:
    """All with ends, or all without."""
    together = np.concatenate(found) if found else _NOTHING
    if all(map(_is_timed, parts)):
        return together
    unknown = together[together[:, 0] > 0].copy()
    unknown[:, 1] = 0
    return unknown


def cut_out(inner: Piece, rng: Random) -> Piece:
    """As an endpointer leaves an utterance whose words have times: little before the first and behind the last."""
    if len(inner.words) != len(inner.said) or _is_timed(inner):
        return inner
    before, behind = (int(rng.uniform(0.1, 0.35) * RATE_HZ) for _ in range(2))
    start, end = max(0, int(inner.words[0, 0]) - before), int(inner.words[-1, 1]) + behind
    return Piece(inner.audio[start:end], inner.said, inner.words - start, inner.phones)


def surrounded(inner: Piece, before: int, after: int) -> Piece:
    """With silence around it."""
    audio = np.concatenate([np.zeros(before, np.float32), inner.audio, np.zeros(after, np.float32)])
    phones = inner.phones + np.array([0, before if _is_timed(inner) else 0])
    return Piece(audio, inner.said, inner.words + before, phones)
