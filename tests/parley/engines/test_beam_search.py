from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.engines.beam_search import Hypothesis, Scores, Step, search
from parley.engines.protocols import Decoding

END = 3
Chances = Mapping[tuple[int, ...], Sequence[float]]


ENDS = (0.001, 0.001, 0.001, 0.997)


def model(chances: Chances, otherwise: Sequence[float] = ENDS) -> Step:
    """Scores by what was said so far."""

    def step(rows: npt.NDArray[np.int64]) -> Scores:
        told = [chances.get(tuple(row[1:]), otherwise) for row in rows.tolist()]
        return np.log(np.array(told, np.float32))

    return step


GARDEN: Chances = {
    (): (0.5, 0.4, 0.05, 0.05),
    (0,): (0.3, 0.3, 0.1, 0.3),
    (1,): (0.05, 0.9, 0.05, 0.0001),
    (1, 1): (0.01, 0.01, 0.01, 0.97),
}


def test_a_wide_search_looks_behind_the_first_step() -> None:
    """The likeliest beginning is not always the beginning of the likeliest answer: two at a time find it."""
    (narrow,) = search(model(GARDEN), [[7]], Decoding(1, 5), END)
    (wide,) = search(model(GARDEN), [[7]], Decoding(2, 5), END)
    assert narrow.tokens == (0, 0)
    assert wide.tokens == (1, 1)
    assert wide.score == pytest.approx(np.log([0.4, 0.9, 0.97]).sum() / 2)


@pytest.mark.parametrize("beam", [1, 2, 3])
def test_nothing_is_an_answer(beam: int) -> None:
    """Where the end is the likeliest beginning nothing is said, and its score is a number."""
    assert search(model({}), [[7]], Decoding(beam, 5), END) == [Hypothesis((), 0.0)]


@pytest.mark.parametrize("beam", [1, 2, 3])
def test_it_stops_at_the_limit(beam: int) -> None:
    """A model that never ends is stopped."""
    (found,) = search(model({}, (0.9, 0.06, 0.04, 1e-9)), [[7]], Decoding(beam, 6), END)
    assert found.tokens == (0,) * 6


@pytest.mark.parametrize("beam", [1, 2])
def test_an_answer_begins_as_it_is_told(beam: int) -> None:
    """However unlikely, the given beginning is taken, and what follows is the likeliest behind it."""
    (found,) = search(model(GARDEN), [[7]], Decoding(beam, 5), END, [[1, 1]])
    assert found.tokens == (1, 1)
    (found,) = search(model({(2,): (0.1, 0.8, 0.05, 0.05)}), [[7]], Decoding(beam, 5), END, [[2]])
    assert found.tokens == (2, 1)


WEIGHTS = st.lists(st.integers(1, 50), min_size=4, max_size=4)


@given(st.lists(st.dictionaries(st.lists(st.integers(0, 2), max_size=3).map(tuple), WEIGHTS), min_size=2, max_size=4))
def test_neighbours_do_not_matter(tables: list[dict[tuple[int, ...], list[int]]]) -> None:
    """Prompts searched together get the answers that each gets alone, however unlike their lengths."""

    def step(rows: npt.NDArray[np.int64]) -> Scores:
        told = [tables[row[0]].get(tuple(row[1:]), [1, 1, 1, 9]) for row in rows.tolist()]
        return np.array([np.log(np.array(each) / sum(each)) for each in told], np.float32)

    prompts, how = [[n] for n in range(len(tables))], Decoding(2, 5)
    assert search(step, prompts, how, END) == [search(step, [prompt], how, END)[0] for prompt in prompts]
