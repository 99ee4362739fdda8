"""The exported model as a service will run it: log-mel in, CTranslate2, words and their times out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np

from models.recipes.asr import features
from models.recipes.asr.tokens import Tokens
from models.recipes.sound import RATE_HZ, Audio

BEAM = 5
# Silence that it is shown around every utterance: its voices take a breath before they speak, and in a
# window that ends with the last word it says that word again.
LEAD_S, REST_S = 0.3, 1.5
TOKENS_A_SECOND, LEAST_TOKENS = 12, 8  # a guard: nobody speaks faster
STEP_S = features.STRIDE / RATE_HZ


@dataclass(frozen=True)
class Heard:
    """What was recognised: `score` is the mean log-probability of the tokens."""

    text: str
    tokens: list[int]
    score: float
    no_speech: float


@dataclass(frozen=True)
class Word:
    """One word and when, in seconds."""

    text: str
    start_s: float
    end_s: float


class Engine:
    """One model folder on one thread."""

    def __init__(self, folder: Path, compute: str = "int8", beam: int = BEAM) -> None:
        self.tokens = Tokens(folder / "tokenizer.json")
        self._beam = beam
        self._model = ctranslate2.models.Whisper(
            str(folder), device="cpu", compute_type=compute, inter_threads=1, intra_threads=1
        )

    def transcribe(self, audios: Sequence[Audio], padded: bool = False, size: int = 8) -> list[Heard]:
        """Texts, in batches of like length; `padded`: zeros up to the last position, as faster-whisper does."""
        order = sorted(range(len(audios)), key=lambda i: len(audios[i]))
        found: dict[int, Heard] = {}
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            shown = batch([led(audios[i]) for i in rows], padded)
            longest = int(max(len(audios[i]) for i in rows) / RATE_HZ * TOKENS_A_SECOND) + LEAST_TOKENS
            found |= dict(zip(rows, self.generate(shown, longest), strict=True))
        return [found[i] for i in range(len(audios))]

    def generate(self, shown: np.ndarray, longest: int) -> list[Heard]:
        """From features, [batch, frames, mels]."""
        memory = self._model.encode(_view(shown))
        # A search divides by the number of tokens, so to it no tokens are infinitely unlikely: ask for silence first.
        silent = [not first.sequences_ids[0] for first in self._say(memory, len(shown), 1, 1)]
        results = self._say(memory, len(shown), longest, self._beam)
        return [
            self._heard([] if nothing else result.sequences_ids[0], result)
            for nothing, result in zip(silent, results, strict=True)
        ]

    def _say(
        self, memory: ctranslate2.StorageView, rows: int, longest: int, beam: int
    ) -> list[ctranslate2.models.WhisperGenerationResult]:
        """CTranslate2 takes half of `max_length`."""
        return self._model.generate(
            memory,
            [[self.tokens.start, self.tokens.no_stamps]] * rows,
            beam_size=beam,
            max_length=min(2 * longest, 440),
            suppress_blank=False,
            return_scores=True,
            return_no_speech_prob=True,
        )

    def _heard(self, ids: list[int], result: ctranslate2.models.WhisperGenerationResult) -> Heard:
        return Heard(self.tokens.text(ids), ids, float(result.scores[0]), float(result.no_speech_prob))

    def words(self, audio: Audio, tokens: Sequence[int], padded: bool = False, median: int = 7) -> list[Word]:
        """When each word of `tokens` was said. A word starts where its first token's row of the path does."""
        text = [token for token in tokens if token < self.tokens.end]
        if not text:
            return []
        row = led(audio)
        shown, frames = batch([row], padded), len(row)
        found = self._model.align(_view(shown), [self.tokens.start], [text], [frames], median_filter_width=median)[0]
        rows, places = (np.array(axis) for axis in zip(*found.alignments, strict=True))
        starts_s = np.maximum(0, places[np.flatnonzero(np.diff(rows, prepend=-1))] * STEP_S - LEAD_S)
        groups = self._groups(text)
        edges = np.cumsum([0] + [len(group) for group in groups])
        ends_s = np.append(starts_s, len(audio) / RATE_HZ)
        spans = zip(groups, edges[:-1], edges[1:], strict=True)
        return [
            Word(self.tokens.text(group), float(starts_s[a]), float(ends_s[min(b, len(ends_s) - 1)]))
            for group, a, b in spans
        ]

    def _groups(self, text: Sequence[int]) -> list[list[int]]:
        """The tokens of each word: one that begins with a blank begins a word."""
        groups: list[list[int]] = []
        for token in text:
            if not groups or self.tokens.begins_word(token):
                groups.append([])
            groups[-1].append(token)
        return groups


def led(audio: Audio) -> np.ndarray:
    """Features of an utterance after a breath."""
    return features.log_mel(np.pad(audio, (round(LEAD_S * RATE_HZ), 0)))


def batch(shown: Sequence[np.ndarray], padded: bool) -> np.ndarray:
    """Rows of one length; zeros are silence to the model."""
    rest = round(REST_S * RATE_HZ / features.HOP)
    frames = features.FRAMES if padded else max(len(each) for each in shown) + rest
    out = np.zeros((len(shown), frames, features.MELS), np.float32)
    for row, each in enumerate(shown):
        out[row, : len(each)] = each[:frames]
    return out


def _view(shown: np.ndarray) -> ctranslate2.StorageView:
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(shown.transpose(0, 2, 1)))
