"""What every synthesiser answers: audio with the times of its phones and words. Knows no synthesiser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import soxr

from models.recipes.sound import RATE_HZ, Audio

Span = tuple[float, float]


@dataclass(frozen=True)
class Speech:
    """One utterance. `phones` are (id, end in seconds), back to back from zero; `words` are spans in seconds.

    Both are empty where nobody knows them.
    """

    audio: Audio
    words: Sequence[Span] = ()
    phones: Sequence[tuple[int, float]] = ()


@dataclass(frozen=True)
class Voice:
    """Who speaks: an engine, one of its voices, and how. Pitch and pace are factors on the voice's own."""

    engine: str
    name: str
    pitch: float = 1.0
    pace: float = 1.0


class Synthesiser(Protocol):
    """Text to speech. `words` are spoken as they stand, one written word each."""

    def say(self, words: Sequence[str], voice: Voice) -> Speech:
        """Speak."""


def at_rate(samples: np.ndarray, rate_hz: int) -> Audio:
    """16-bit samples as audio at the recipes' rate."""
    audio = np.asarray(samples / np.float32(32768), np.float32)
    return audio if rate_hz == RATE_HZ else np.asarray(soxr.resample(audio, rate_hz, RATE_HZ), np.float32)


def trimmed(speech: Speech, margin_s: float = 0.05) -> Speech:
    """Without the silence around it, which synthesisers make as long as they like."""
    loud = np.flatnonzero(np.abs(speech.audio) > 0.01 * max(1e-4, float(np.abs(speech.audio).max(initial=0))))
    if not len(loud):
        return speech
    start = max(0.0, float(loud[0]) / RATE_HZ - margin_s)
    end = float(loud[-1]) / RATE_HZ + margin_s
    words = [(max(0.0, a - start), max(0.0, min(b, end) - start)) for a, b in speech.words]
    phones = [(phone, max(0.0, min(until, end) - start)) for phone, until in speech.phones]
    return Speech(speech.audio[int(start * RATE_HZ) : int(end * RATE_HZ)], words, phones)
