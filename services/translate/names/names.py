"""Where names stand in English text, and whether a translation has kept them. Pure.

A name begins with a capital. So do words that have another form in the target ("Japanese", "Switzerland", "United
States"), words at the head of a sentence, and titles: the lists beside this module tell those.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_WORDS = Path(__file__).parent / "words"
WORD = re.compile(r"[^\W\d_](?:[\w'-]*\w)?")
_POSSESSIVE = re.compile(r"'s$")
_CONTRACTED = re.compile(r"'(?:m|ll|d|ve|re|t)$")
SHORT = ("Mr", "Mrs", "Ms", "Dr", "Prof", "Mt", "St")  # after their point a sentence goes on
_TITLES = {*SHORT, "Miss", "Professor", "President", "Sir", "Aunt", "Uncle", "King", "Queen", "Lake", "Mount"}
_HEAD = re.compile(r"(?:^|[.!?:\"])\W*(?<!\b(?:Mr|Ms|Dr|Mt|St)\. )(?<!\bMrs\. )(?<!\bProf\. )$")
_WHERE = re.compile(r"\b(?:in|near|through|into|outside|around|across) $", re.IGNORECASE)
_WHITHER = re.compile(r"\b(?:to|from|for|at|via|towards?|of) $", re.IGNORECASE)
_ONE_PLACE = re.compile(r"\b(?:in|near|through|into|outside|to|from|of) $", re.IGNORECASE)
_MOVES = re.compile(
    r"\b(?:been|go(?:es|ne|ing)?|went|fl(?:y|ies|ew|ying|own|ight)|came|com(?:es?|ing)|travel\w*|trips?|mov(?:ed?|es|ing)"
    r"|dr[io]v\w+|trains?|bus|planes?|road|way|return\w*|arriv\w+|le(?:ft|av\w+)|born|city|walk\w*|rode|ride)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Name:
    """One in a text."""

    start: int
    end: int
    text: str
    is_place: bool


class Names:
    """Of English text that becomes text in a language for which there are lists; of others there are none."""

    def __init__(self, target: str) -> None:
        self._others = _listed(target.split("-")[0])
        self._ordinary = _listed("en") if self._others else frozenset[str]()

    def lost(self, text: str, translation: str) -> bool:
        """Whether one is not in the translation."""
        return any(not stands(name.text, translation) for name in self.find(text))

    def find(self, text: str) -> Iterator[Name]:
        """From left to right; nothing of what only looks like one."""
        for run in self._runs(text) if self._others else ():
            if named := self._one_place(text, run) or self._trimmed(run):
                start, end = named[0].start(), named[-1].start() + len(bare(named[-1][0]))
                yield Name(start, end, text[start:end], _is_place(text, start))

    def _runs(self, text: str) -> Iterator[list[re.Match[str]]]:
        """Words with capitals, one space between them."""
        run = list[re.Match[str]]()
        for word in WORD.finditer(text):
            if run and (text[run[-1].end() : word.start()] != " " or _POSSESSIVE.search(run[-1][0])):
                yield run
                run = []
            if self._may_be(word, text) or (run and bare(word[0]) in _TITLES):
                run.append(word)
            elif run:
                yield run
                run = []
        if run:
            yield run

    def _may_be(self, word: re.Match[str], text: str) -> bool:
        name = bare(word[0])
        if not name[0].isupper() or name == "I" or name in _TITLES or _CONTRACTED.search(name):
            return False
        at_head = _HEAD.search(text, 0, word.start()) is not None
        return not (at_head and (name.lower() in self._ordinary or name in self._others))

    def _one_place(self, text: str, run: list[re.Match[str]]) -> list[re.Match[str]]:
        """Several words after `in` or `to` without an article are one, such as Little Rock; but "to North America"."""
        whole = " ".join(bare(word[0]) for word in run)
        is_one = len(run) > 1 and whole not in self._others and _ONE_PLACE.search(text, 0, run[0].start())
        return run if is_one else []

    def _trimmed(self, run: list[re.Match[str]]) -> list[re.Match[str]]:
        """Without what has another form at its ends: "Hilton Hotel" is kept as "Hilton"."""
        own = [n for n, word in enumerate(run) if bare(word[0]) not in self._others]
        return run[own[0] : own[-1] + 1] if own else []


def stands(name: str, text: str) -> bool:
    """As a whole word, or with the German genitive's s."""
    return re.search(rf"(?<!\w){re.escape(name)}s?(?!\w)", text) is not None


def bare(word: str) -> str:
    """Without the genitive's s."""
    return _POSSESSIVE.sub("", word)


def _is_place(text: str, start: int) -> bool:
    goes = _WHITHER.search(text, 0, start) and _MOVES.search(text)
    return bool(_WHERE.search(text, 0, start) or goes)


@cache
def _listed(language: str) -> frozenset[str]:
    """A line an entry, below some that say where they come from; a language without a list has none."""
    path = _WORDS / f"{language}.txt"
    lines = path.read_text("utf-8").splitlines() if language and path.exists() else []
    return frozenset(line for line in lines if not line.startswith("#"))


NO_NAMES = Names("")
