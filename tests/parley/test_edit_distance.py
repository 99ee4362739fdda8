from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.edit_distance import distance

TEXTS = st.lists(st.sampled_from("abc"), max_size=6)
LONG = st.lists(st.sampled_from(["a", "ab", "été", "b'c", ""]), max_size=80)  # more than a machine word has bits


def by_definition(one: Sequence[str], other: Sequence[str]) -> int:
    """The textbook's table, row by row."""
    row = list(range(len(other) + 1))
    for n, word in enumerate(one, 1):
        before, row[0] = row[0], n
        for m, against in enumerate(other, 1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (word != against))
    return row[-1]


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [("", "", 0), ("a b c", "a b c", 0), ("a b c", "a x c", 1), ("a b", "", 2), ("b", "a b c", 2)],
)
def test_words_apart(one: str, other: str, apart: int) -> None:
    """A word changed, added or left out counts one."""
    assert distance(one.split(), other.split()) == apart


@given(TEXTS, TEXTS, TEXTS)
def test_it_is_a_distance(one: list[str], two: list[str], three: list[str]) -> None:
    """The same both ways, nothing only between equals, and no way round is shorter."""
    assert distance(one, two) == distance(two, one)
    assert (distance(one, two) == 0) == (one == two)
    assert distance(one, three) <= distance(one, two) + distance(two, three)


@given(LONG, LONG)
def test_it_is_what_the_textbook_says(one: list[str], other: list[str]) -> None:
    """Words are compared whole, whatever their length; texts longer than 64 words too."""
    assert distance(one, other) == by_definition(one, other)
