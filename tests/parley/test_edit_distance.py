import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.edit_distance import distance

TEXTS = st.lists(st.sampled_from("abc"), max_size=6)


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
