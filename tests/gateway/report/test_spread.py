"""Times as counts a bucket, over many looks."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.report.spread import Spreads, quantile_ms

BOUNDS_S = (0.001, 0.01, 0.1)
COUNTS = st.lists(st.integers(0, 1000), min_size=4, max_size=4).map(tuple)


def test_a_quantile_lies_in_its_bucket() -> None:
    """Half of ten between 1 and 10 ms took up to about the middle of them."""
    assert quantile_ms(BOUNDS_S, (0, 10, 0, 0), 0.5) == 5.5
    assert quantile_ms(BOUNDS_S, (0, 0, 0, 3), 0.5) == 100  # beyond the last bound nothing more is known
    assert quantile_ms(BOUNDS_S, (0, 0, 0, 0), 0.5) is None


@given(COUNTS, st.floats(0.01, 0.99))
def test_a_larger_share_never_took_less(counts: tuple[int, ...], share: float) -> None:
    """Quantiles rise."""
    quicker, all_of_it = quantile_ms(BOUNDS_S, counts, share), quantile_ms(BOUNDS_S, counts, 1.0)
    assert (quicker is None) == (all_of_it is None)
    assert quicker is None or all_of_it is None or quicker <= all_of_it


def test_a_process_that_starts_again_does_not_count_backwards() -> None:
    """What it counted before stays counted."""
    spreads = Spreads(10)
    spreads.look(BOUNDS_S, {"a": (5, 0, 0, 0)})
    spreads.look(BOUNDS_S, {"a": (7, 0, 0, 0), "b": (1, 0, 0, 0)})
    spreads.look(BOUNDS_S, {"a": (2, 0, 0, 0), "b": (1, 0, 0, 0)})
    assert spreads.total == (10, 0, 0, 0)


def test_only_the_last_looks_are_kept() -> None:
    """An hour later what was is forgotten."""
    spreads = Spreads(2)
    for count in (10, 11, 13):
        spreads.look(BOUNDS_S, {"a": (count, 0, 0, 0)})
    assert spreads.total == (3, 0, 0, 0)
