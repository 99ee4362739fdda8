"""How far two texts are apart, word by word. Pure."""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's: words to change, add or leave out."""
    return Levenshtein.distance(one, other)
