"""What a translator is given and what it gives back. Must not know how it translates, nor streams."""

from dataclasses import dataclass
from typing import NamedTuple


class Said(NamedTuple):
    """An earlier sentence, what became of it, and who said it where that is known."""

    source: str
    translation: str
    speaker: str = ""


@dataclass(frozen=True)
class Sentence:
    """What is to be translated."""

    text: str
    source: str  # empty: found out
    target: str  # empty: only find out the source
    spoken: str = ""  # the language so far, for texts that say little about theirs
    before: tuple[Said, ...] = ()  # the last sentences and their translations
    speaker: str = ""  # who says it; empty: not known
    keep: tuple[str, ...] = ()  # phrases in it that stand as they shall in the translation
    by_fallback: bool = False  # the model has failed at what this is a part of


@dataclass(frozen=True)
class Instead:
    """Why the model did not translate, and which one did."""

    reason: str  # for machines
    message: str  # for people
    model: str = ""  # name@version; empty: none


@dataclass(frozen=True)
class Translated:
    """The translation, and what the source was taken for."""

    text: str
    source: str
    confidence: float
    instead: Instead | None = None  # None: the model has translated it
