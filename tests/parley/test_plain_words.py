"""What was said, without how it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.plain_words import plain_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Twenty-five COLOURS!", "25 colors"),
        ("two hundred and five", "205"),
        ("one thousand two hundred thirty four", "1,234"),
        ("five five five zero one", "5 5 5 0 1"),
        ("I recognised the centre", "i recognized the center"),
        ("Okay, it’s travelling.", "OK it's traveling"),
        ("straße", "STRASSE"),
    ],
)
def test_the_same_written_otherwise(one: str, other: str) -> None:
    """Case, punctuation, numbers and spellings do not make two texts."""
    assert plain_words(one) == plain_words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("twenty five", "twenty six"), ("five and six", "56"), ("four hours", "our hours"), ("wise", "wide")],
)
def test_other_words_stay_others(one: str, other: str) -> None:
    """Nothing is made equal that is not."""
    assert plain_words(one) != plain_words(other)


@given(st.text())
def test_any_text_has_words_and_twice_is_once(text: str) -> None:
    """It never fails; of words that were found the same words are found."""
    assert all(word and not word.isspace() for word in plain_words(text))
