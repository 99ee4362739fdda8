"""Words that were lost, doubled or changed, and how alike two texts are. Pure."""

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher

from parley.edits import distance

_WORD = re.compile(r"[\w']+")


def words_of(text: str) -> list[str]:
    """Without case and punctuation."""
    return _WORD.findall(text.casefold())


@dataclass(frozen=True)
class Difference:
    """What became of a text's words."""

    lost: int = 0
    doubled: int = 0  # there, though nobody said them
    changed: int = 0


def compare(wanted: str, got: str) -> Difference:
    """Word by word. A word that stands for another is changed, not lost."""
    want, have = words_of(wanted), words_of(got)
    lost = doubled = changed = 0
    for kind, a, b, c, d in SequenceMatcher(None, want, have, autojunk=False).get_opcodes():
        if kind != "equal":
            changed += min(b - a, d - c)
            lost += max(0, (b - a) - (d - c))
            doubled += max(0, (d - c) - (b - a))
    return Difference(lost, doubled, changed)


def wer(reference: str, heard: str) -> float:
    """Word error rate: edits for each word of the reference."""
    want, have = words_of(reference), words_of(heard)
    return distance(want, have) / max(1, len(want))


def chrf(reference: str, said: str, longest: int = 6, beta: float = 2.0) -> float:
    """Character n-gram F-score, from 0 to 100: how alike two translations are."""
    scores = [_overlap(reference, said, n) for n in range(1, longest + 1)]
    precision = sum(p for p, _ in scores) / longest
    recall = sum(r for _, r in scores) / longest
    weight = beta**2
    return 100 * (1 + weight) * precision * recall / max(1e-9, weight * precision + recall)


def _overlap(reference: str, said: str, n: int) -> tuple[float, float]:
    want, have = _grams(reference, n), _grams(said, n)
    shared = (want & have).total()
    return shared / max(1, have.total()), shared / max(1, want.total())


def _grams(text: str, n: int) -> Counter[str]:
    packed = "".join(text.split())
    return Counter(packed[at : at + n] for at in range(len(packed) - n + 1))
