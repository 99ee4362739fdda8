"""What must come out as it is told to: a glossary's phrases, links, numbers. Pure.

A phrase is put into the sentence as it shall stand in the translation, because a sentence in one piece is translated
better than its parts. Who finds that it did not come through, or that a number is another one, asks for the parts
around them instead.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from services.translate.figures import NO_FIGURES, Figures

_LINK = re.compile(r"https?://\S*[\w/]|www\.\S*[\w/]|[\w.+-]+@[\w-]+\.[\w.-]*\w")
_SIGNS = ("://", "www.", "@")  # without one of them there is no link
# With what stands inside of it, which may differ: 4,500, 4.500 and 4 500; 9:30 and 9 h 30.
_NUMBER = re.compile(
    r"(?<!\d)\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+)?"
    r"|\d+(?:(?:[.,:/'’]|[ \u00a0\u202f]?[hH][ \u00a0\u202f]?(?=\d\d\b))\d+)*"
)
_WITH_NUMBER = re.compile(r"\w*\d\w*(?:[.,:/'’-]\w*\d\w*)*")  # with what is glued to it: 3rd, B2B, 10-12
_ENDS = ".!?…。！？।؟"
HEAD = 3  # letters by which phrases are looked up


def _whole(text: str, start: int, end: int) -> bool:
    """Whole words only, in scripts that put spaces between them."""
    glued_before = _spaced(text[start]) and start > 0 and _in_word(text[start - 1])
    glued_behind = _spaced(text[end - 1]) and end < len(text) and _in_word(text[end])
    return not (glued_before or glued_behind)


def _in_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _spaced(letter: str) -> bool:
    return letter.isalnum() and letter < "\u0e00"


class _Index:
    """Where phrases stand in a text, by their first letters: as quick with ten thousand of them as with ten."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._known = frozenset(phrases)
        lengths = defaultdict[str, set[int]](set)
        for phrase in self._known:
            lengths[phrase[:HEAD]].add(len(phrase))
        self._lengths = {head: sorted(found, reverse=True) for head, found in lengths.items()}
        self.longest = max(map(len, self._known), default=0)

    def ends(self, text: str, start: int) -> Iterator[int]:
        """Where phrases end that begin there, the longest first."""
        for size in range(HEAD, 0, -1):
            head = text[start : start + size]
            for length in self._lengths.get(head, ()) if len(head) == size else ():
                if start + length <= len(text) and text[start : start + length] in self._known:
                    yield start + length


class Phrases:
    """What is kept, and what it becomes."""

    def __init__(self, glossary: Mapping[str, str]) -> None:
        self._glossary = dict(glossary)
        self._every = _Index(self._glossary)
        self._broken = _Index(phrase for phrase in self._glossary if any(end in phrase[:-1] for end in _ENDS))

    @property
    def ahead(self) -> int:
        """How far one must look past the end of a sentence to know that no phrase goes on."""
        return self._broken.longest

    def across(self, text: str, end: int) -> bool:
        """A phrase goes on where the text was to be cut."""
        starts = range(max(0, end - self._broken.longest + 1), end)
        return any(at > end for start in starts for at in self._broken.ends(text, start))

    def split(self, text: str, *, numbers: bool = False, figures: Figures = NO_FIGURES) -> list[str]:
        """Text and phrases in turn, the phrases as they shall stand; numbers, too, where they did not come through."""
        parts, done = list[str](), 0
        for start, end, becomes in self._places(text, numbers, figures):
            parts += [text[done:start], becomes]
            done = end
        return [*parts, text[done:]]

    def around(self, text: str, change: Callable[[str], str]) -> str:
        """The text, changed but for its phrases."""
        parts, done = list[str](), 0
        for start, end, _ in self._places(text, numbers=False, figures=NO_FIGURES):
            parts += [change(text[done:start]), text[start:end]]
            done = end
        return "".join([*parts, change(text[done:])])

    def _places(self, text: str, numbers: bool, figures: Figures) -> Iterator[tuple[int, int, str]]:
        """From left to right, a glossary's phrase before a link before a date before a number, the longest one."""
        has_links = any(sign in text for sign in _SIGNS)
        at = 0 if self._glossary or has_links or numbers or figures is not NO_FIGURES else len(text)
        while at < len(text):
            end, becomes = self._found(text, at, has_links) or self._figure(text, at, figures) or (0, "")
            if not end and numbers and (match := _WITH_NUMBER.match(text, at)):
                end, becomes = match.end(), match[0]
            if end:
                yield at, end, becomes
            at = end or at + 1

    def _found(self, text: str, at: int, has_links: bool) -> tuple[int, str] | None:
        """A phrase or a link that begins there: where it ends, and what becomes of it."""
        for end in self._every.ends(text, at):
            if _whole(text, at, end):
                return end, self._glossary.get(text[at:end]) or text[at:end]
        link = _LINK.match(text, at) if has_links else None
        return (link.end(), link[0]) if link else None

    def _figure(self, text: str, at: int, figures: Figures) -> tuple[int, str] | None:
        """A date or an amount that begins there, unless a phrase begins within it."""
        found = figures.at(text, at)
        within = range(at + 1, found[0]) if found and self._glossary else ()
        return None if any(self._found(text, start, has_links=False) for start in within) else found

    @staticmethod
    def stand(parts: list[str], text: str) -> bool:
        """Every phrase of these parts is in the text, as often as it must be, and the numbers, if any, are the same."""
        kept, numbers = Counter(parts[1::2]).items(), numbers_in("".join(parts))
        return all(count(phrase, text) >= n for phrase, n in kept) and numbers in (Counter(), numbers_in(text))


def with_numbers_of(source: str, text: str) -> str:
    """The text with the source's numbers, where it has as many: those that are others are replaced, in their order.

    A translation in one piece reads better than its parts, and a small model that writes 202 for 2025 means 2025.
    """
    missing = numbers_in(source) - numbers_in(text)
    right = [number for number in _NUMBER.findall(source) if _taken(missing, number)]
    strange = numbers_in(text) - numbers_in(source)
    wrong = [match.span() for match in _NUMBER.finditer(text) if _taken(strange, match[0])]
    if len(right) != len(wrong):
        return text
    for (start, end), number in reversed(list(zip(wrong, right, strict=True))):
        text = text[:start] + number + text[end:]
    return text


def _taken(left: Counter[str], number: str) -> bool:
    """Whether this number is one of those that are left; then it is left once less."""
    digits = re.sub(r"\D", "", number)
    left[digits] -= 1
    return left[digits] >= 0


def numbers_in(text: str) -> Counter[str]:
    """The numbers of a text, whatever divides their digits."""
    return Counter(re.sub(r"\D", "", number) for number in _NUMBER.findall(text))


def count(phrase: str, text: str) -> int:
    """How often a phrase stands in a text, as whole words."""
    starts = (match.start() for match in re.finditer(re.escape(phrase), text))
    return sum(_whole(text, start, start + len(phrase)) for start in starts)
