"""Word error rate."""

from __future__ import annotations

from collections.abc import Sequence

from models.recipes.asr.texts import bare


def word_errors(wanted: Sequence[str], said: Sequence[str]) -> float:
    """Insertions, deletions and substitutions over the words wanted; case and punctuation do not count."""
    pairs = [(bare(a), bare(b)) for a, b in zip(wanted, said, strict=True)]
    return sum(distance(a, b) for a, b in pairs) / max(1, sum(len(a) for a, _ in pairs))


def distance(wanted: Sequence[str], said: Sequence[str]) -> int:
    """Levenshtein's, in words."""
    row = list(range(len(said) + 1))
    for number, word in enumerate(wanted, 1):
        diagonal, row[0] = row[0], number
        for place, other in enumerate(said, 1):
            diagonal, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, diagonal + (word != other))
    return row[-1]
