"""How near translations are to those of people: BLEU of a whole set (Papineni and others, 2002). Pure.

Tokens are words and marks. A length of n-grams of which none is right counts as half of one, as sacreBLEU's `floor`
does in spirit: a small set has few of the long ones.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

LONGEST = 4  # words
_TOKEN = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")


def bleu(pairs: Iterable[tuple[str, str]]) -> float:
    """Of (translation, reference): 0 to 100."""
    return of_counts(map(sum, zip(*(counts(*pair) for pair in pairs), strict=True)))


def counts(text: str, reference: str) -> list[int]:
    """What can be added up: the lengths of both, then right and all n-grams of each length."""
    ours, theirs = _tokens(text), _tokens(reference)
    found = [len(ours), len(theirs)]
    for size in range(1, LONGEST + 1):
        mine, wanted = _grams(ours, size), _grams(theirs, size)
        found += [(mine & wanted).total(), mine.total()]
    return found


def of_counts(total: Iterable[int]) -> float:
    """The score of counts that were added up."""
    ours, theirs, *grams = list(total) or [0, 0]
    parts = [(right or 0.5) / every for right, every in list(pairwise(grams))[::2] if every]
    if not parts or not grams[0]:
        return 0.0
    short = min(0.0, 1 - theirs / ours)
    return 100 * math.exp(short + sum(map(math.log, parts)) / len(parts))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _grams(tokens: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[at : at + size]) for at in range(len(tokens) - size + 1))
