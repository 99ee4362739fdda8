"""What was said, without how it is written: for comparing texts of two versions. English spellings; any language. Pure.

Case, punctuation and accents' encodings go; numbers in words become digits; spellings of the same word become one.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()  # noqa: SIM905
_ONES += ["seventeen", "eighteen", "nineteen"]
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))  # noqa: SIM905
_SMALL = {word: number for number, word in enumerate(_ONES)} | _TENS
_LARGE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_SAME = {"okay": "ok", "alright": "all right", "mister": "mr", "missus": "mrs", "doctor": "dr", "grey": "gray"}
# British -> American, where an ending tells; the letters before say that it is no short word of another kind.
_ENDINGS = (
    (re.compile(r"(?<=\w\w\w)is(e|ed|es|ing|ation|ations)$"), r"iz\1"),
    (re.compile(r"(?<=\w\w)our(s|ed|ing|ite|ites|ful|able|hood|ly)?$"), r"or\1"),
    (re.compile(r"(?<=\w\w[tb])re$"), "er"),
    (re.compile(r"(?<=\w)ogue$"), "og"),
    (re.compile(r"(?<=[aeiou])ll(ed|ing|er|ers)$"), r"l\1"),
)


def plain_words(text: str) -> list[str]:
    """The words."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'").replace("-", " ")
    found = _WORD.findall(_THOUSANDS.sub("", folded))
    return list(_numbers([part for word in found for part in _SAME.get(word, word).split()]))


def _numbers(words: Sequence[str]) -> Iterator[str]:
    """Runs of number words as digits, other words in one spelling."""
    at = 0
    while at < len(words):
        end = at
        while end < len(words) and (words[end] in _SMALL or words[end] in _LARGE or _joins(words, at, end)):
            end += 1
        if end == at:
            yield _spelt(words[at])
            at += 1
        else:
            yield from _values(words[at:end])
            at = end


def _joins(words: Sequence[str], start: int, at: int) -> bool:
    """An "and" in the middle of a number: two hundred and five."""
    inside = words[at] == "and" and at > start and words[at - 1] in _LARGE
    return inside and at + 1 < len(words) and words[at + 1] in _SMALL


def _values(words: Sequence[str]) -> Iterator[str]:
    """One number or several beside each other: twenty five is one, five five is two."""
    total = group = 0
    last = 0  # the word before: what may follow it goes on with its number
    for word in words:
        if word == "and":
            continue
        if scale := _LARGE.get(word):
            group = max(1, group) * scale
            total, group = (total, group) if scale == 100 else (total + group, 0)
            last = scale
        elif last and not (last >= 100 or (20 <= last < 100 and 0 < _SMALL[word] < 10)):
            yield str(total + group)
            total, group, last = 0, _SMALL[word], _SMALL[word] or -1
        else:
            group, last = group + _SMALL[word], _SMALL[word] or -1
    yield str(total + group)


def _spelt(word: str) -> str:
    for ending, other in _ENDINGS:
        word = ending.sub(other, word)
    return word
