"""From windows to tensors: tokens with or without stamps, phones by position, where each token is heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.recipes.asr.features import MELS, STRIDE, Floats, positions
from models.recipes.asr.pieces import Piece
from models.recipes.asr.tokens import Tokens
from models.recipes.asr.windows import Window
from models.recipes.sound import RATE_HZ, Random

IGNORED = -100
STAMPED, PROMPTED = 0.15, 0.05
MARGIN_S = 0.06


@dataclass(frozen=True)
class Example:
    """One row. `labels[i]` follows `tokens[i]`; `spans[i]` says at which positions labels[i] is heard, or is empty."""

    features: Floats
    tokens: list[int]
    labels: list[int]
    spans: list[tuple[int, int]]
    phones: NDArray[np.int64]  # by position, or IGNORED
    sequence: list[int]  # phones to be found anywhere


@dataclass(frozen=True)
class Batch:
    """What one step learns from. `padded`: as if every row were followed by nothing up to the last position."""

    features: Tensor
    tokens: Tensor
    labels: Tensor
    spans: Tensor
    phones: Tensor
    sequences: list[list[int]]
    padded: bool


class Labeller:
    """Says what is to be written about a window."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._previous: list[int] = []

    def example(self, window: Window, rng: Random | None) -> Example:
        """Stamps and prompts come up at random; without a generator there are neither."""
        stamped = rng is not None and rng.random() < STAMPED
        places = positions(len(window.features))
        if window.piece is None:
            return self._nothing(window, stamped, places)
        tokens, spans = self._body(window.piece, stamped)
        start = [self._tokens.start] if stamped else [self._tokens.start, self._tokens.no_stamps]
        whole = [*start, *tokens, self._tokens.end]
        all_spans = [(0, 0)] * (len(start) - 1) + spans + [self._after(window.piece, places)]
        shown, labels = whole[:-1], whole[1:]
        prompt = self._prompt(rng) if rng is not None and rng.random() < PROMPTED else []
        shown, labels = prompt + shown, [IGNORED] * len(prompt) + labels
        phones, sequence = self._phones(window.piece, places)
        return Example(window.features, shown, labels, [(0, 0)] * len(prompt) + all_spans, phones, sequence)

    def _nothing(self, window: Window, stamped: bool, places: int) -> Example:
        """`<|nospeech|>` is the honest second token; whatever stands in its place, the end follows."""
        second = self._tokens.stamp(0) if stamped else self._tokens.no_stamps
        labels = [self._tokens.no_speech, self._tokens.end]
        silence = np.zeros(places, np.int64)
        return Example(window.features, [self._tokens.start, second], labels, [(0, 0)] * 2, silence, [])

    def _prompt(self, rng: Random) -> list[int]:
        """What faster-whisper puts before the start: something said earlier, which need not matter."""
        length = int(rng.integers(1, 16))
        return [self._tokens.id("<|startofprev|>"), *(int(i) for i in rng.integers(256, 1200, length))]

    def _body(self, piece: Piece, stamped: bool) -> tuple[list[int], list[tuple[int, int]]]:
        """All words; with stamps, each sentence between its start and its end where times are known."""
        encoded = self._tokens.encode(piece.said)
        timed = len(piece.words) == len(piece.said)
        tokens: list[int] = []
        spans: list[tuple[int, int]] = []
        for number, word in enumerate(encoded):
            first = number == 0 or piece.said[number - 1][-1] in ".?!"
            last = number == len(encoded) - 1 or piece.said[number][-1] in ".?!"
            if stamped and first and (timed or number == 0):
                tokens.append(self._tokens.stamp(piece.words[number, 0] / RATE_HZ if timed else 0.0))
                spans.append((0, 0))
            tokens += word
            spans += _spans(len(word), *piece.words[number]) if timed else [(0, 0)] * len(word)
            if stamped and last and (timed or number == len(encoded) - 1):
                end = piece.words[number, 1] if timed else len(piece.audio)
                tokens.append(self._tokens.stamp(end / RATE_HZ))
                spans.append((0, 0))
        return tokens, spans

    def _after(self, piece: Piece, places: int) -> tuple[int, int]:
        """The end is heard in what follows the last word."""
        if len(piece.words) != len(piece.said):
            return (0, 0)
        start = int(piece.words[-1, 1]) // STRIDE
        return (start, places) if start < places else (0, 0)

    def _phones(self, piece: Piece, places: int) -> tuple[NDArray[np.int64], list[int]]:
        if len(piece.phones) and piece.phones[-1, 1]:
            at = np.arange(places) * STRIDE
            found = np.searchsorted(piece.phones[:, 1], at, side="right")
            known = np.append(piece.phones[:, 0], 0)[np.minimum(found, len(piece.phones))]
            return np.asarray(known, np.int64), []
        return np.full(places, IGNORED, np.int64), [int(phone) for phone in piece.phones[:, 0]]


def _spans(count: int, start: int, end: int) -> list[tuple[int, int]]:
    """A word's tokens share its time; the margin forgives what synthesisers report."""
    cuts = np.linspace(start, end, count + 1)
    margin = MARGIN_S * RATE_HZ
    low = [max(0, int((cut - margin) // STRIDE)) for cut in cuts[:-1]]
    high = [int(-(-(cut + margin) // STRIDE)) for cut in cuts[1:]]
    return list(zip(low, high, strict=True))


def assemble(examples: Sequence[Example], tokens: Tokens, rng: Random | None, padded: bool) -> Batch:
    """Padded tensors. Rows end in zeros and nothing masks them: a serving batch looks the same."""
    extra = int(rng.integers(0, 24)) if rng is not None else 0
    frames = max(len(example.features) for example in examples) + extra
    width = max(len(example.tokens) for example in examples)
    shown = np.zeros((len(examples), frames, MELS), np.float32)
    ids = np.full((len(examples), width), tokens.end, np.int64)
    labels = np.full((len(examples), width), IGNORED, np.int64)
    spans = np.zeros((len(examples), width, 2), np.int64)
    phones = np.zeros((len(examples), positions(frames)), np.int64)
    for row, example in enumerate(examples):
        count = len(example.tokens)
        shown[row, : len(example.features)] = example.features
        ids[row, :count], labels[row, :count], spans[row, :count] = example.tokens, example.labels, example.spans
        phones[row, : len(example.phones)] = example.phones
        if example.sequence:
            phones[row] = IGNORED
    tensors = [torch.from_numpy(array) for array in (shown, ids, labels, spans, phones)]
    sequences = [example.sequence for example in examples]
    return Batch(tensors[0], tensors[1], tensors[2], tensors[3], tensors[4], sequences, padded)
