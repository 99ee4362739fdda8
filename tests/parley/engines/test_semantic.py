"""Versions are compared as people mean them."""

import random

import pytest

from parley.engines.semantic import major, order


@pytest.mark.parametrize(
    ("version", "found"),
    [("1.2.3", 1), ("10.0.0-int8", 10), ("0.1.0", 0), ("3", None), ("1.2", None), ("live", None), ("1.2.3x", None)],
)
def test_only_three_numbers_are_semantic(version: str, found: int | None) -> None:
    """Whatever follows stands behind a mark."""
    assert major(version) == found


def test_versions_sort_as_people_count() -> None:
    """Numbers by their size, names by their letters."""
    right = ["a", "live", "1", "1-int8", "1.2.9", "1.2.10", "1.10.0", "2", "2.0.0", "10"]
    mixed = random.Random(3).sample(right, len(right))
    assert sorted(mixed, key=order) == right
