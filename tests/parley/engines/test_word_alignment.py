import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.engines.word_alignment import Table, places


def staircase(firsts: list[int], width: int, heads: int = 2) -> Table:
    """Scores of heads that look at each token exactly while it is said."""
    scores = np.zeros((heads, len(firsts), width), np.float32)
    for token, (first, last) in enumerate(zip(firsts, [*firsts[1:], width], strict=True)):
        scores[:, token, first:last] = 6
    return scores


@given(st.lists(st.integers(3, 9), min_size=2, max_size=8), st.sampled_from([1, 3, 5]))
def test_tokens_begin_where_they_are_looked_at(lengths: list[int], median: int) -> None:
    """Attention that goes along with the sound gives back exactly when each token began."""
    firsts = [0, *np.cumsum(lengths).tolist()]
    scores = staircase(firsts, firsts[-1] + 4)
    padded = np.concatenate([scores, scores[:, -1:]], 1)
    assert places(padded, 0, median) == firsts


def test_what_is_skipped_has_no_place() -> None:
    """The first tokens and the last one are no text."""
    scores = staircase([0, 0, 5, 9, 14], 16)
    assert len(places(scores, 2, 3)) == 2


def test_a_blink_is_no_look() -> None:
    """One stray look, even a strong one, does not move a word."""
    scores = staircase([0, 8, 16, 20], 24)
    scores[:, 1, 1] = 12
    assert places(scores, 0, 5) == [0, 8, 16]


@pytest.mark.parametrize("width", [1, 2])
def test_hardly_any_sound_is_no_accident(width: int) -> None:
    """Fewer positions than tokens and than the median is wide give places all the same."""
    found = places(np.zeros((1, 5, width), np.float32), 1, 7)
    assert len(found) == 3
    assert all(0 <= place < width for place in found)
