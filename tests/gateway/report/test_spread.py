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


@given(st.lists(st.dictionaries(st.sampled_from("ab"), COUNTS, max_size=2), max_size=9))
def test_the_total_is_that_of_the_looks_that_are_kept(looks: list[dict[str, tuple[int, ...]]]) -> None:
    """It is kept up to date rather than added up anew, whatever processes come, go and start again."""
    all_of_them, last_three = Spreads(len(looks) + 1), Spreads(3)
    totals: list[tuple[int, ...]] = [(0, 0, 0, 0)]
    for by_process in looks:
        for spreads in (all_of_them, last_three):
            spreads.look(BOUNDS_S, by_process)
        totals.append(all_of_them.total or totals[0])
    before = totals[-4] if len(totals) > 3 else totals[0]
    assert (last_three.total or totals[0]) == tuple(now - then for now, then in zip(totals[-1], before, strict=True))
