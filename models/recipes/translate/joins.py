"""Long inputs from short ones: pairs set side by side, or tied into one sentence by a conjunction.

Tatoeba is short; without these the model drops clauses after fifteen words.
"""

from __future__ import annotations

import random
from collections import Counter

from models.recipes.translate.corpus import Pair

# Conjunctions after which all three languages keep the order of a main clause.
TIES = (
    (", and ", {"de": ", und ", "fr": ", et "}),
    (" and ", {"de": " und ", "fr": " et "}),
    (", but ", {"de": ", aber ", "fr": ", mais "}),
    (", because ", {"de": ", denn ", "fr": ", car "}),
    ("; ", {"de": "; ", "fr": " ; "}),
)


class Joiner:
    """Knows which words keep their capital inside a sentence."""

    def __init__(self, pairs: list[Pair]) -> None:
        self._lower = {language: _mostly_lower(pairs, language) for language in ("en", "de", "fr")}

    def tie(self, first: Pair, second: Pair, rng: random.Random) -> Pair | None:
        """One sentence from two statements; None where either is no plain statement."""
        if not all(_statement(side) for pair in (first, second) for side in (pair.english, pair.foreign)):
            return None
        english, foreign = rng.choice(TIES)
        return Pair(
            first.english[:-1] + english + self._inside(second.english, "en"),
            first.foreign[:-1] + foreign[first.language] + self._inside(second.foreign, first.language),
            first.language,
        )

    def _inside(self, text: str, language: str) -> str:
        word = text.split()[0]
        bare = word.rstrip(",").split("'")[0]
        return text[0].lower() + text[1:] if bare in self._lower[language] else text


def _statement(text: str) -> bool:
    return (
        text.endswith(".") and not text.endswith("..") and text.count(".") == 1 and '"' not in text and "?" not in text
    )


def _mostly_lower(pairs: list[Pair], language: str) -> frozenset[str]:
    """Capitalised forms of words that are mostly written small when they do not open a sentence."""
    inner: Counter[str] = Counter()
    for pair in pairs:
        if language in ("en", pair.language):
            inner.update(word.strip(',.!?;:"').split("'")[0] for word in pair.side(language).split()[1:])
    small = (word for word in list(inner) if word.islower())
    return frozenset(w[0].upper() + w[1:] for w in small if inner[w] > 4 * inner[w[0].upper() + w[1:]])
