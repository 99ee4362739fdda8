"""Words cut out of real utterances, to be said again in another order: real voices are few, and so are their texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.recipes.asr.alignment import is_clean
from models.recipes.asr.bank import Take
from models.recipes.asr.texts import DIGITS, within

LEAST = 4  # words of one speaker and sort that are worth mixing
FADE = 80


def cut(takes: Sequence[Take]) -> list[Take]:
    """Every word between two pauses, as a take of its own. Its text is the bare word."""
    return [word for take in takes if len(take.words) > 1 for word in _words(take)]


def _words(take: Take) -> list[Take]:
    audio, said = take.audio, [within(word) for word in take.text.rstrip(".").split()]
    found = []
    for word, (start, end) in zip(said, take.words.tolist(), strict=True):
        if is_clean(audio, start, end):
            samples = _faded(take.samples[start:end])
            times = np.array([[0, end - start]])
            found.append(Take(word, take.voice, "splice", samples, times, np.zeros((0, 2), np.int64)))
    return found


def _faded(samples: np.ndarray) -> np.ndarray:
    ramp = np.ones(len(samples), np.float32)
    ramp[:FADE], ramp[-FADE:] = np.linspace(0, 1, FADE), np.linspace(1, 0, FADE)
    return np.asarray(samples * ramp, np.int16)


def pools(takes: Sequence[Take]) -> list[np.ndarray]:
    """What may be said together: letters, digits, or anything, by one speaker."""
    groups: dict[tuple[str, str], list[int]] = {}
    for number, take in enumerate(takes):
        word = take.text.rstrip(".")
        sort = "letter" if len(word) == 1 else "digit" if word.lower() in (*DIGITS, "oh") else "other"
        for name in {sort, "any"}:
            groups.setdefault((take.voice, name), []).append(number)
    return [np.array(numbers) for _, numbers in sorted(groups.items()) if len(numbers) >= LEAST]
