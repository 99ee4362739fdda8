"""How far word times are off, where the synthesiser says what they should be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.recipes.asr.bank import Take
from models.recipes.asr.engine import Engine
from models.recipes.asr.pieces import Piece, surrounded
from models.recipes.sound import RATE_HZ


def start_errors(engine: Engine, takes: Sequence[Take], padded: bool, median: int) -> NDArray[np.float64]:
    """Absolute errors of the words' starts in seconds, the right text being given."""
    errors: list[float] = []
    for take in takes:
        placed = surrounded(Piece(take.audio, take.text.split(), take.words, take.phones), 3200, 4800)
        tokens = [token for word in engine.tokens.encode(placed.said) for token in word]
        found = engine.words(placed.audio, tokens, padded, median)
        if len(found) == len(placed.words):
            wanted = placed.words[:, 0] / RATE_HZ
            errors += [abs(word.start_s - at_s) for word, at_s in zip(found, wanted, strict=True)]
    return np.array(errors)
