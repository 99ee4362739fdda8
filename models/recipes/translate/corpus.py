"""Sentence pairs: reading, cleaning and the split. Knows nothing of pieces or models."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOREIGN = ("de", "fr")
DIRECTIONS = (("en", "de"), ("de", "en"), ("en", "fr"), ("fr", "en"))
HELD_OUT = {"test": 2000, "dev": 500}

_SPACES = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[\W_]+")
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "..."}
)


@dataclass(frozen=True)
class Pair:
    """One English sentence and one translation of it."""

    english: str
    foreign: str
    language: str

    def side(self, language: str) -> str:
        """The sentence in this language."""
        return self.english if language == "en" else self.foreign


def clean(text: str) -> str:
    """One spelling of quotes, dashes and spaces, the same for training, tests and serving."""
    text = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    text = re.sub(r'" ?([^"]*?) ?"', r'"\1"', text)
    return _SPACES.sub(" ", text).strip()


def key(text: str) -> str:
    """What two sentences share when they differ only in case, spacing or punctuation."""
    return _NOT_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def read(folders: Iterable[Path]) -> list[Pair]:
    """Every distinct pair of the `en-de` and `en-fr` tables in these folders."""
    seen: dict[Pair, None] = {}
    for folder in folders:
        for language in FOREIGN:
            path = folder / f"en-{language}.tsv.gz"
            if path.exists():
                seen.update(dict.fromkeys(_rows(path, language)))
    if not seen:
        raise FileNotFoundError("no en-de.tsv.gz or en-fr.tsv.gz in the data folders")
    return list(seen)


def _rows(path: Path, language: str) -> Iterator[Pair]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            columns = line.rstrip("\n").split("\t")
            pair = Pair(clean(columns[0]), clean(columns[1]), language)
            if key(pair.english) and key(pair.foreign):
                yield pair


def _rank(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def split(pairs: list[Pair]) -> dict[str, list[Pair]]:
    """train, dev and test; no sentence of dev or test, in any language, is in train.

    The rank depends on the English sentence alone, so more data moves no sentence from
    test to train unless 2,000 new sentences rank below it.
    """
    parts: dict[str, list[Pair]] = {name: [] for name in HELD_OUT}
    taken: set[str] = set()
    for language in FOREIGN:
        ranked = _one_each(pairs, language)
        for name, size in HELD_OUT.items():
            chosen, ranked = ranked[:size], ranked[size:]
            parts[name] += chosen
            taken.update(key(side) for pair in chosen for side in (pair.english, pair.foreign))
    parts["train"] = [p for p in pairs if key(p.english) not in taken and key(p.foreign) not in taken]
    return parts


def _one_each(pairs: list[Pair], language: str) -> list[Pair]:
    """Pairs in rank order, each English and each foreign sentence at most once."""
    mine = [p for p in pairs if p.language == language]
    mine.sort(key=lambda p: (_rank(key(p.english)), _rank(p.foreign)))
    seen: set[str] = set()
    chosen: list[Pair] = []
    for pair in mine:
        keys = {"en " + key(pair.english), "xx " + key(pair.foreign)}
        if not keys & seen:
            chosen.append(pair)
            seen |= keys
    return chosen


def save(parts: dict[str, list[Pair]], folder: Path) -> None:
    """One JSON-lines file a part."""
    for name, pairs in parts.items():
        lines = (json.dumps([p.english, p.foreign, p.language], ensure_ascii=False) for p in pairs)
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def load(path: Path) -> list[Pair]:
    """The pairs of one part."""
    return [Pair(*json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
