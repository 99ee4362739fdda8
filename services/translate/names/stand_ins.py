"""A text in which well-known names stand for others, and what its translation is with the others put back. Pure.

Every model knows Tom and Boston; the sentence around them is translated better, too. Where the name begins with a
vowel so does its stand-in, for French says d'Anna but de Tom.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.translate.names.names import Name

PEOPLE, PLACES = ("Tom", "Jim", "Mike"), ("Boston", "Chicago", "Kyoto")
PEOPLE_WITH_VOWEL, PLACES_WITH_VOWEL = ("Anna", "Akira", "Emi"), ("Osaka", "Oslo", "Aomori")
_VOWELS = "AEIOUÀÂÄÉÈÊËÎÏÔÖÛÜ"


@dataclass(frozen=True)
class StandIns:
    """One text."""

    text: str
    _names: Mapping[str, str]  # by who stands for them

    @classmethod
    def tries(cls, text: str, names: Sequence[Name]) -> Iterator["StandIns"]:
        """The best first; none where there are more names than can be stood for."""
        for turn in (0, 1):
            if (known := _known(text, names, turn)) is not None:
                yield cls(_with(text, names, known), {found: name for name, found in known.items()})

    def back(self, translation: str) -> str | None:
        """With the names; None: one of their stand-ins was lost."""
        for known, name in self._names.items():
            parts = re.split(rf"(?<!\w){known}(?=s?(?!\w))", translation)
            if len(parts) < 2:
                return None
            translation = name.join(parts)
        return translation


def _known(text: str, names: Sequence[Name], turn: int) -> dict[str, str] | None:
    """Who stands for whom: each for one only, and nobody who is there already."""
    known = dict[str, str]()
    for name in names:
        if name.text not in known:
            free = (each for each in _pool(name, turn) if each not in known.values() and each not in text)
            if (found := next(free, None)) is None:
                return None
            known[name.text] = found
    return known


def _pool(name: Name, turn: int) -> Sequence[str]:
    """Of its kind; at the second turn others of it."""
    has_vowel = name.text[0] in _VOWELS
    people, places = (PEOPLE_WITH_VOWEL, PLACES_WITH_VOWEL) if has_vowel and not turn else (PEOPLE, PLACES)
    pool = places if name.is_place else people
    return pool[::-1] if turn and not has_vowel else pool


def _with(text: str, names: Sequence[Name], known: Mapping[str, str]) -> str:
    for name in reversed(names):
        text = text[: name.start] + known[name.text] + text[name.end :]
    return text
