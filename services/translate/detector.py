"""Which language a text is in, among a few. Must not know models or streams."""

from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from parley.errors import BadModel
from parley.extras import install

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SURE = 0.7  # less is no reason to leave the language spoken so far


@dataclass(frozen=True)
class Guess:
    """A language, and how sure that is, from 0 to 1."""

    language: str
    confidence: float


@lru_cache
def _everything() -> "LanguageIdentifier":
    """A second of reading and 75 MB, once in a process, and only where somebody asks."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ModuleNotFoundError:
        raise BadModel(f"Finding out a language needs py3langid; {install('serve')}.") from None

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@lru_cache
def _among(languages: tuple[str, ...]) -> "LanguageIdentifier":
    identifier = copy(_everything())
    identifier.set_languages([language for language in languages if language in identifier.labels])
    return identifier


def detect(text: str, languages: tuple[str, ...], spoken: str = "") -> Guess:
    """The likeliest of these languages; where the text says little, the one spoken so far."""
    if len(languages) < 2:
        return Guess("".join(languages), float(len(languages)))
    if not any(map(str.isalpha, text)):
        return Guess(spoken, 0.0)
    shares = dict(_among(languages).rank(text))
    likeliest = max(languages, key=lambda language: shares.get(language, 0.0))
    language = spoken if shares[likeliest] < SURE and spoken in shares else likeliest
    return Guess(language, round(shares[language], 3))
