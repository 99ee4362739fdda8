"""A word that is not known, and what is said of it."""

import pytest

from parley import languages
from parley.nearest import advice, nearest

KNOWN = ("response_format", "language", "Whisper-1")


@pytest.mark.parametrize(
    ("word", "near"), [("responce_format", "response_format"), ("WHISPER1", "Whisper-1"), ("xyz", ""), ("", "")]
)
def test_the_nearest_is_what_was_probably_meant(word: str, near: str) -> None:
    """Whatever its case; what is not near is not guessed."""
    assert nearest(word, KNOWN) == near


def test_without_a_near_one_all_are_told() -> None:
    """Also where there is none."""
    assert advice("xyz", KNOWN) == "known here: response_format, language, Whisper-1."
    assert advice("xyz", ()) == "known here: none."


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("German", "did you mean `de`?"),
        ("deu", "it knows en, de, xx."),
        ("eng", "did you mean `en`?"),
        ("de", "it knows en, xx."),
        ("fr", "it knows en, de, xx."),
    ],
)
def test_a_language_is_not_near_because_its_letters_are(tag: str, told: str) -> None:
    """A name, or its beginning, is a mistake that can be mended; another language is not."""
    known = ("en", "xx") if tag == "de" else ("en", "de", "xx")
    assert languages.advice(tag, known) == told
