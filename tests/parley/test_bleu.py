"""BLEU against numbers that can be worked out by hand."""

import math

import pytest

from parley.bleu import bleu, counts, of_counts


def test_the_same_is_all_and_nothing_right_is_little() -> None:
    """The ends of the scale."""
    text = "the house by the river is small"
    assert bleu([(text, text)]) == pytest.approx(100)
    assert bleu([("une maison", text)]) < 5
    assert bleu([("", text)]) == 0
    assert bleu([]) == 0


def test_a_worked_example() -> None:
    """Seven of seven words right in another order: 7/7, 4/6, 2/5, 1/4."""
    got, wanted = "by the river the house is small", "the house is small by the river"
    assert bleu([(got, wanted)]) == pytest.approx(100 * math.prod([7 / 7, 5 / 6, 3 / 5, 1 / 4]) ** 0.25)


def test_what_is_too_short_is_punished() -> None:
    """As much as it is shorter."""
    assert bleu([("the house is small", "the house is small and old")]) == pytest.approx(100 * math.exp(1 - 6 / 4))


def test_sets_are_added_up_not_averaged() -> None:
    """A long sentence counts more than a short one."""
    pairs = [("a b c d e f g h", "a b c d e f g h"), ("x y", "p q")]
    both = of_counts(map(sum, zip(*(counts(*pair) for pair in pairs), strict=True)))
    assert bleu(pairs) == both
    assert 50 < both < 100


def test_marks_are_tokens_and_case_counts() -> None:
    """As it is usual."""
    assert counts("Hello, you.", "hello, you.")[:4] == [4, 4, 3, 4]
