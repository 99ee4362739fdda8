"""Texts made comparable: without case and punctuation, numbers digit by digit, spelled words letter by letter. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from parley.edit_distance import distance

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
    spelled = re.sub(r"\b[A-Z][A-Z0-9]+\b", lambda found: " ".join(found[0]), text)
    plain = spelled.lower().replace("’", "'").replace("_", " ").replace("%", " percent")
    plain = re.sub(r"(\d)(st|nd|rd|th)\b", r"\1", re.sub(r"(?<=\d)[,.](?=\d)", "", plain))
    words = (word.strip("'") for word in re.findall(r"[a-z0-9']+", plain))
    return list(_numbered(LIKE.get(word, word) for word in words if word and word not in FILLERS))


def _numbered(words: Iterable[str]) -> Iterator[str]:
    """Nobody can hear how the digits of a number were meant to be grouped."""
    for is_number, run in groupby(words, _is_number):
        held = list(run)
        yield from "".join(_digits(held)) if is_number else held


def _is_number(word: str) -> bool:
    return word.isdigit() or word in VALUES or word in GREAT


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


def word_errors(wanted: Sequence[str], answers: Sequence[str]) -> float:
    """Insertions, deletions and substitutions over the words wanted."""
    pairs = [(bare(a), bare(b)) for a, b in zip(wanted, answers, strict=True)]
    return sum(distance(a, b) for a, b in pairs) / max(1, sum(len(a) for a, _ in pairs))
