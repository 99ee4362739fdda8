"""What is said of numbers in English, as it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translate.spoken_numbers import in_digits

WRITTEN = {
    "January fifteenth nineteen sixty three": "January 15, 1963",
    "On January the fifteenth, nineteen sixty-three, he left.": "On January 15, 1963, he left.",
    "the twenty-first of March two thousand and twelve": "March 21, 2012",
    "until December thirty first": "until December 31",
    "in nineteen oh five and in twenty twenty five": "in 1905 and in 2025",
    "in nineteen hundred": "in 1900",
    "one hundred and five of them": "105 of them",
    "one hundred twenty three thousand four hundred fifty six": "123,456",
    "forty-nine dollars and ninety nine cents": "49 dollars and 99 cents",
    "three point five percent, zero point oh five": "3.5 percent, 0.05",
    "Call five five five one two one two.": "Call 5551212.",
    "at three thirty, at nineteen oh five, seven fifteen a.m.": "at 3:30, at 19:05, 7:15 a.m.",
    "Thirteen men and FIFTY women": "13 men and 50 women",
}
LEFT = [
    "one of them, five minutes, in the third row",
    "two million people, a hundred years, six thousand",
    "may first be told that, and march second to none",
    "May the force be with you",
    "the second may be late",
    "one two three go",
    "in the nineteen eighties",
    "someone and twentysomething",
    "fifty fifty",
    "Six trains, dix minutes, drei Tage",
]


@pytest.mark.parametrize("said", WRITTEN)
def test_numbers_are_written(said: str) -> None:
    """Dates, years, amounts, decimals, times and what is dialled."""
    assert in_digits(said) == WRITTEN[said]


@pytest.mark.parametrize("said", LEFT)
def test_other_words_are_left(said: str) -> None:
    """Small numbers, round ones, and words that are numbers only sometimes."""
    assert in_digits(said) == said


WORDS = "one ten twenty hundred thousand and oh point may first of the , - x"


@given(st.lists(st.sampled_from(WORDS.split()), max_size=9))
def test_any_words_can_be_read(words: list[str]) -> None:
    """Nonsense is no error, and what is written once is written for good."""
    text = " ".join(words)
    assert in_digits(in_digits(text)) == in_digits(text)
