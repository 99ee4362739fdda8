"""Words that were lost, doubled or changed, and how alike texts are. Pure."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from parley.edit_distance import distance

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_PIECE = re.compile(r"\w+|[^\w\s]")
ORDERS = 4


def words_of(text: str) -> list[str]:
    """Without case and punctuation; an apostrophe inside a word belongs to it, however it is written."""
    return _WORD.findall(text.casefold().replace("’", "'"))


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


def error_rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Word error rate of many texts: edits for each word of the references (what was said, what was heard)."""
    counted = [(words_of(reference), words_of(heard)) for reference, heard in pairs]
    return sum(distance(reference, heard) for reference, heard in counted) / max(
        1, sum(len(reference) for reference, _ in counted)
    )


def bleu(pairs: Sequence[tuple[str, str]]) -> float:
    """BLEU of many translations (reference, what was said), from 0 to 100: four orders, one reference, brevity."""
    tokens = [(_PIECE.findall(reference), _PIECE.findall(answer)) for reference, answer in pairs]
    want, have = (sum(len(each[side]) for each in tokens) for side in (0, 1))
    if not have:
        return 0.0
    precisions = [_shared(tokens, order) for order in range(1, ORDERS + 1)]
    if not all(precisions):
        return 0.0
    mean = math.exp(sum(math.log(each) for each in precisions) / ORDERS)
    return 100 * min(1.0, math.exp(1 - want / have)) * mean


def _shared(pairs: Sequence[tuple[list[str], list[str]]], order: int) -> float:
    """The share of the runs of so many words that are in the references as well."""
    found = [(_runs(reference, order), _runs(answer, order)) for reference, answer in pairs]
    shared = sum((reference & answer).total() for reference, answer in found)
    return shared / max(1, sum(answer.total() for _, answer in found))


def _runs(words: list[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + order]) for at in range(len(words) - order + 1))
