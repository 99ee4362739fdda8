"""Word error rate."""

from __future__ import annotations

from collections.abc import Sequence

from models.recipes.asr.texts import bare
from parley.edits import distance


def word_errors(wanted: Sequence[str], said: Sequence[str]) -> float:
    """Insertions, deletions and substitutions over the words wanted; case and punctuation do not count."""
    pairs = [(bare(a), bare(b)) for a, b in zip(wanted, said, strict=True)]
    return sum(distance(a, b) for a, b in pairs) / max(1, sum(len(a) for a, _ in pairs))
