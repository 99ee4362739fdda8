"""Texts made comparable: without case and punctuation, numbers in digits, spelled letters in one word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from parley.edits import distance

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
)

VALUES = {word: n for n, word in enumerate(ONES)} | {word: n + 1 for n, word in enumerate(ORDINALS)}
VALUES |= {word: 10 * n + 20 for n, word in enumerate(TENS)} | {"twentieth": 20, "thirtieth": 30, "oh": 0}
GREAT = {"hundred": 100, "thousand": 1000}
LIKE = {"okay": "ok", "mister": "mr", "missus": "mrs", "doctor": "dr", "colour": "color", "favourite": "favorite"}
FILLERS = frozenset(("um", "uh", "erm", "hmm", "mm", "mhm", "ah", "er"))


def bare(text: str) -> list[str]:
    """The words that count."""
    plain = re.sub(r"(?<=\d)[,.](?=\d)", "", text.lower().replace("’", "'").replace("_", " ").replace("%", " percent"))
    words = re.findall(r"[a-z0-9']+", re.sub(r"(\d)(st|nd|rd|th)\b", r"\1", plain))
    kept = (word.strip("'") for word in words if word not in FILLERS)
    return list(_joined(LIKE.get(word, word) for word in kept if word))


def _joined(words: Iterable[str]) -> Iterator[str]:
    """Numbers in a row are one number, letters in a row one word: nobody can hear where blanks were meant."""
    for kind, run in groupby(words, _kind):
        if kind == "number":
            yield "".join(_digits(list(run)))
        elif kind == "letter":
            yield "".join(run)
        else:
            yield from run


def _kind(word: str) -> str:
    if word.isdigit() or word in VALUES or word in GREAT:
        return "number"
    # "a" and "I" are words far more often than letters.
    return "letter" if len(word) == 1 and word not in "ai" else "word"


def _digits(words: Sequence[str]) -> Iterator[str]:
    """Sixty seven -> 67, nineteen eighty four -> 1984, two hundred -> 200."""
    held = -1
    for word in words:
        value = int(word) if word.isdigit() else VALUES.get(word, -1)
        if word in GREAT:
            held = max(1, held) * GREAT[word]
        elif held >= 20 and 0 < value < _room(held) and not word.isdigit():
            held += value
        else:
            yield from [str(held)] if held >= 0 else []
            held = value
            if word.isdigit():
                yield word
                held = -1
    yield from [str(held)] if held >= 0 else []


def _room(held: int) -> int:
    """Less than this can follow within one number."""
    return next((size for size in (1000, 100, 10) if held % size == 0), 0)


def word_errors(wanted: Sequence[str], said: Sequence[str]) -> float:
    """Insertions, deletions and substitutions over the words wanted."""
    pairs = [(bare(a), bare(b)) for a, b in zip(wanted, said, strict=True)]
    return sum(distance(a, b) for a, b in pairs) / max(1, sum(len(a) for a, _ in pairs))
