"""What is said: everyday sentences from Tatoeba, and spellings, digits, dates, commands, addresses from templates.

A sentence belongs to one part (train, dev, test) by the hash of its bare words, so that nothing
which differs only in case or punctuation crosses over.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random


def _listed(text: str) -> list[str]:
    return text.split()


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = _listed("zero one two three four five six seven eight nine")
TEENS = _listed("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
TENS = _listed("twenty thirty forty fifty sixty seventy eighty ninety")
ORDINALS = _listed(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
MONTHS = _listed("January February March April May June July August September October November December")
DAYS = _listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
STREETS = _listed("Main Oak Park Second Fifth Forbes Washington Lake Hill Elm Church River Maple High Station")
KINDS = _listed("Street Avenue Road Drive Lane Place")
TOWNS = _listed("Boston Chicago Denver Dallas Pittsburgh London Paris Berlin Seattle Austin Houston Dublin York")
CAPITALS = {name.lower(): name for name in (*MONTHS, *DAYS)}
SINGLES = _listed("yes no go stop start help repeat erase enter rubout")
COMMANDS = (
    "play some music",
    "stop the music",
    "pause",
    "next song",
    "turn it up",
    "turn it down",
    "turn on the {thing}",
    "turn off the {thing}",
    "open the {thing}",
    "close the {thing}",
    "set a timer for {number} minutes",
    "set an alarm for {hour} o'clock",
    "wake me up at {hour} {minute}",
    "call {town}",
    "what time is it",
    "what is the weather in {town}",
    "remind me on {day}",
    "send a message",
    "read my messages",
    "add {number} to the list",
    "go back",
    "go to page {number}",
    "cancel that",
    "volume {number}",
    "call the office",
    "start recording",
    "stop recording",
    "delete the last word",
    "new line",
    "save the file",
)
THINGS = _listed("light lights door window fan heater television radio kitchen lamp garage camera")
_ALLOWED = re.compile(r"[A-Z][A-Za-z',.?! -]*[.?!]$")
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*'?[,.?!]*$")


def part(text: str) -> str:
    """Where a sentence belongs."""
    place = int(hashlib.sha256(" ".join(bare(text)).encode()).hexdigest()[:8], 16) % 1000
    return "test" if place < 15 else "dev" if place < 20 else "train"


def bare(text: str) -> list[str]:
    """The words that are judged: lower case, no punctuation but the apostrophe."""
    return re.sub(r"[^a-z' ]+", " ", text.lower().replace("-", " ")).split()


def everyday(folder: Path, longest: int = 75) -> dict[str, list[str]]:
    """The English sides of the Tatoeba tables, by part, in order of hash: a prefix is a random sample."""
    found = {line.split("\t")[0].strip() for path in sorted(folder.glob("en-*.tsv.gz")) for line in _lines(path)}
    cleaned = {tuple(bare(text)): text for text in sorted(map(_clean, found)) if is_plain(text, longest)}
    ordered = sorted(cleaned.values(), key=lambda text: hashlib.sha256(text.encode()).digest())
    parts: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    for text in ordered:
        parts[part(text)].append(text)
    return parts


def is_plain(text: str, longest: int) -> bool:
    """Whether every word is one that can be written as it is heard."""
    return 4 <= len(text) <= longest and bool(_ALLOWED.match(text)) and all(map(_WORD.match, text.split()))


def _lines(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return lines.readlines()


def _clean(text: str) -> str:
    for old, new in (("’", "'"), ("—", ", "), ("…", "."), ('"', ""), ("-", " ")):
        text = text.replace(old, new)
    return " ".join(text.split())


def written(words: Sequence[str]) -> str:
    """As the model writes what is no sentence: a capital first, a full stop last."""
    text = " ".join(words)
    return text[0].upper() + text[1:] + "."


def within(word: str) -> str:
    """A word as it is written inside a sentence: only letters that are spelled, months and days have capitals."""
    return word.upper() if len(word) == 1 else CAPITALS.get(word.lower(), word.lower())


class Phrases:
    """An endless supply of short formal phrases; the rare and the long ones are not starved by the frequent."""

    def __init__(self, vocabulary: Sequence[str], rng: Random) -> None:
        self._vocabulary, self._rng = vocabulary, rng
        self._makers = (
            (8, self.spelled),
            (6, self.code),
            (6, self.digits),
            (3, self.date),
            (3, self.counted),
            (2, self.address),
            (4, self.command),
            (1, self.single),
            (2, self.action),
        )

    def draw(self) -> Iterator[list[str]]:
        """Words, without capitals or punctuation of a sentence. Templates without slots come up once in a while."""
        seen: set[tuple[str, ...]] = set()
        makers = [maker for weight, maker in self._makers for _ in range(weight)]
        while True:
            words = self._rng.choice(makers)()
            if tuple(words) not in seen or self._rng.random() < 0.05:
                seen.add(tuple(words))
                yield words

    def spelled(self) -> list[str]:
        """A name or a word, letter by letter, sometimes said first."""
        word = self._rng.choice(self._vocabulary)[:11].upper()
        if self._rng.random() < 0.3:
            word = "".join(self._rng.choices(LETTERS, k=self._rng.randint(1, 8)))
        return [letter for letter in word if letter in LETTERS] or ["A"]

    def code(self) -> list[str]:
        """Letters and numbers mixed."""
        letters = self._rng.choices(LETTERS, k=self._rng.randint(1, 5))
        return letters + self._rng.choice((self.digits, self.pairs))()[: self._rng.randint(1, 4)]

    def digits(self) -> list[str]:
        """A number digit by digit, nought said in one way or the other."""
        nought = self._rng.choice(("zero", "zero", "oh"))
        count = self._rng.choice((1, 2, 3, 4, 5, 5, 6, 7, 7, 10))
        return [nought if digit == "zero" else digit for digit in self._rng.choices(DIGITS, k=count)]

    def pairs(self) -> list[str]:
        """Two-digit numbers."""
        return [word for _ in range(self._rng.randint(1, 3)) for word in number(self._rng.randint(10, 99))]

    def counted(self) -> list[str]:
        """A whole number, as one says it."""
        return number(self._rng.randint(0, 10 ** self._rng.randint(1, 5) - 1))

    def date(self) -> list[str]:
        """A day, with its year now and then."""
        month, day = self._rng.choice(MONTHS), self._rng.randint(1, 31)
        words = [month, *([ORDINALS[day - 1]] if day <= 20 else [*number(day // 10 * 10), ORDINALS[day % 10 - 1]])]
        if day == 30:
            words = [month, "thirtieth"]
        if self._rng.random() < 0.7:
            words += [*number(self._rng.choice((19, 19, 20))), *number(self._rng.randint(10, 99))]
        return [self._rng.choice(DAYS), *words] if self._rng.random() < 0.1 else words

    def address(self) -> list[str]:
        """A house, a street, maybe a town."""
        house = self._rng.choice((self.digits, self.pairs, self.counted))()
        town = [self._rng.choice(TOWNS)] if self._rng.random() < 0.4 else []
        return [*house, self._rng.choice(STREETS), self._rng.choice(KINDS), *town]

    def command(self) -> list[str]:
        """Something one says to a machine."""
        slots = {
            "thing": self._rng.choice(THINGS),
            "number": " ".join(number(self._rng.randint(1, 60))),
            "hour": " ".join(number(self._rng.randint(1, 12))),
            "minute": self._rng.choice(("fifteen", "thirty", "forty five")),
            "town": self._rng.choice(TOWNS),
            "day": self._rng.choice(DAYS),
        }
        return self._rng.choice(COMMANDS).format(**slots).split()

    def single(self) -> list[str]:
        """One word."""
        return [self._rng.choice((*SINGLES, *DIGITS, *LETTERS))]

    def action(self) -> list[str]:
        """A verb before a code."""
        return [self._rng.choice(("enter", "erase", "rubout", "repeat")), *self.code()]


def number(value: int) -> list[str]:
    """A whole number below a million in words."""
    if value >= 1000:
        return [*number(value // 1000), "thousand", *(number(value % 1000) if value % 1000 else [])]
    if value >= 100:
        return [*number(value // 100), "hundred", *(number(value % 100) if value % 100 else [])]
    if value >= 20:
        return [TENS[value // 10 - 2], *([DIGITS[value % 10]] if value % 10 else [])]
    return [TEENS[value - 10]] if value >= 10 else [DIGITS[value]]
