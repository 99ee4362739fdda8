"""Phrases that must come out as they are told to: a glossary's, and links. Pure.

A phrase is put into the sentence as it shall stand in the translation, because a sentence in one piece is translated
better than its parts. Who finds that it did not come through asks for the parts around it instead.
"""

import re
from collections import Counter
from collections.abc import Mapping

_LINK = r"https?://\S*[\w/]|www\.\S*[\w/]|[\w.+-]+@[\w-]+\.[\w.-]*\w"
_ENDS = ".!?…。！？।؟"


def _whole(phrase: str) -> str:
    """Whole words only, in scripts that put spaces between them."""
    before = r"(?<!\w)" if _spaced(phrase[0]) else ""
    after = r"(?!\w)" if _spaced(phrase[-1]) else ""
    return f"{before}{re.escape(phrase)}{after}"


def _spaced(letter: str) -> bool:
    return letter.isalnum() and letter < "\u0e00"


class Phrases:
    """What is kept, and what it becomes."""

    def __init__(self, glossary: Mapping[str, str]) -> None:
        self._glossary = dict(glossary)
        longest_first = sorted(self._glossary, key=len, reverse=True)
        self._pattern = re.compile(f"({'|'.join([*map(_whole, longest_first), _LINK])})")
        self._broken = [phrase for phrase in self._glossary if any(end in phrase[:-1] for end in _ENDS)]

    @property
    def ahead(self) -> int:
        """How far one must look past the end of a sentence to know that no phrase goes on."""
        return max(map(len, self._broken), default=0)

    def across(self, text: str, end: int) -> bool:
        """A phrase goes on where the text was to be cut."""
        return any(at < end < at + len(phrase) for phrase in self._broken for at in _places(text, phrase))

    def split(self, text: str) -> list[str]:
        """Text and phrases in turn, the phrases as they shall stand."""
        parts = self._pattern.split(text)
        parts[1::2] = [self._glossary.get(phrase) or phrase for phrase in parts[1::2]]
        return parts

    @staticmethod
    def stand(parts: list[str], text: str) -> bool:
        """Every phrase of these parts is in the text, as often as it must be."""
        return all(len(re.findall(_whole(phrase), text)) >= n for phrase, n in Counter(parts[1::2]).items())


def _places(text: str, phrase: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(phrase), text)]
