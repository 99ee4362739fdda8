"""Copying lessons: swaps the names and numbers of a pair for others, on both sides alike.

A model that has only met Tom and Mary turns every other name to noise. Half of the new names are
real, half are made of syllables, so that spelling out what the source says is the only way to win.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

from models.recipes.translate.corpus import Pair

REAL = (Path(__file__).parent / "names.txt").read_text(encoding="utf-8").split()
_STARTS, _VOWELS, _ENDS = (
    line.split() for line in (Path(__file__).parent / "syllables.txt").read_text(encoding="utf-8").splitlines()
)

_MONTHS = {"April", "August", "September", "November"}
_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(r"(?<![\w-])[A-ZÄÖÜÉ][a-zäöüßéèêëàâçîïôûùœ]{2,}(?![\w-])")
_NUMBER = re.compile(r"(?<![\w.,:/$€-])\d+(?![\w.,:/%-]*\w)(?![%°])")
_ELIDES = re.compile(r"\b(?:de|que|le|la|je|me|te|se|ne|lorsque|puisque|jusque)\s$|'$", re.IGNORECASE)


class Swapper:
    """Knows which capitalised words of a corpus are names, and swaps them."""

    def __init__(self, pairs: list[Pair]) -> None:
        shared: Counter[str] = Counter()
        lower: Counter[str] = Counter()
        for pair in pairs:
            shared.update(set(_NAME.findall(pair.english)) & set(_NAME.findall(pair.foreign)))
            lower.update(word for word in _WORD.findall(pair.english) if word.islower())
        # A name is written alike in both languages and is almost never an ordinary English word.
        self._names = {word for word, n in shared.items() if lower[word.lower()] * 20 <= n} - _MONTHS

    def names(self, pair: Pair) -> list[str]:
        """Names that stand equally often on both sides."""
        mine, theirs = Counter(_NAME.findall(pair.english)), Counter(_NAME.findall(pair.foreign))
        found = [w for w in mine if w in self._names]
        if pair.language == "de":
            # "Tom's hat" is "Toms Hut": the genitive counts as the name.
            theirs.update({w: theirs[w + "s"] for w in found if f"{w}'s" in pair.english})
        return sorted(w for w in found if theirs[w] == mine[w])

    def swap(self, pair: Pair, rng: random.Random) -> Pair:
        """The pair with its names, and its numbers, replaced; the same pair when it has none."""
        english, foreign = pair.english, pair.foreign
        for old in self.names(pair):
            new = invent(rng)
            if not _clashes(foreign, old, new):
                if pair.language == "de" and f"{old}'s" in english:
                    foreign = replace(foreign, old + "s", new + ("'" if new[-1] in "sxzß" else "s"))
                english, foreign = replace(english, old, new), replace(foreign, old, new)
        for old in numbers(pair):
            new = number_like(old, rng)
            english, foreign = replace(english, old, new), replace(foreign, old, new)
        return Pair(english, foreign, pair.language)


def numbers(pair: Pair) -> list[str]:
    """Figures that stand equally often on both sides."""
    mine, theirs = Counter(_NUMBER.findall(pair.english)), Counter(_NUMBER.findall(pair.foreign))
    return sorted(w for w, n in mine.items() if theirs[w] == n and len(w) < 8 and int(w) > 1)


def number_like(old: str, rng: random.Random) -> str:
    """Another number of the same size: an hour stays an hour, a year a year, a price a price."""
    if len(old) == 1:
        return str(rng.randint(2, 9))
    if len(old) == 4 and old[:2] in ("18", "19", "20"):
        return str(rng.randint(1800, 2039))
    limit = 12 if old in ("10", "11", "12") else 31 if int(old) <= 31 else 10 ** len(old) - 1
    return str(rng.randint(10 ** (len(old) - 1), limit))


def invent(rng: random.Random) -> str:
    """A name: real, or one that nobody has ever had."""
    if rng.random() < 0.5:
        return rng.choice(REAL)
    syllables = "".join(rng.choice(_STARTS) + rng.choice(_VOWELS) for _ in range(rng.choice((1, 2, 2, 3))))
    name = syllables + rng.choice(_ENDS).strip("-")
    return name[0].upper() + name[1:]


def replace(text: str, old: str, new: str) -> str:
    """The text with every whole word `old` changed."""
    return re.sub(rf"(?<!\w){old}(?!\w)", new, text)


def _clashes(text: str, old: str, new: str) -> bool:
    """French elides before a vowel (`d'Anna`, `de Tom`): never teach it otherwise."""
    vowels = "AEIOUYHÉ"
    if (old[0] in vowels) == (new[0] in vowels):
        return False
    return any(_ELIDES.search(text[: m.start()]) for m in re.finditer(rf"(?<!\w){old}(?!\w)", text))
