"""How far two texts are apart, word by word. Pure."""

from collections.abc import Sequence


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's: words to change, add or leave out."""
    row = list(range(len(other) + 1))
    for n, word in enumerate(one, 1):
        before, row[0] = row[0], n
        for m, against in enumerate(other, 1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (word != against))
    return row[-1]
