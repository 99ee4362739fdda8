import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.measured.measures import Measures, together

LATENCIES = st.lists(st.tuples(st.floats(0.001, 60_000), st.integers(0, 9)), min_size=1, max_size=40)


def measured(latencies: list[tuple[float, int]]) -> Measures:
    measures = Measures()
    for ms, second in latencies:
        measures.late("final", ms, second + 0.5)
        measures.count("calls", second)
    return measures


@given(LATENCIES, LATENCIES)
def test_parts_add_up_exactly(some: list[tuple[float, int]], others: list[tuple[float, int]]) -> None:
    """What two measured, merged, is what one would have measured: every percentile, every second."""
    whole, merged = measured(some + others), together([measured(some), measured(others)])
    for percent in (1, 50, 95, 99, 100):
        assert merged.latencies["final"].percentile_ms(percent) == whole.latencies["final"].percentile_ms(percent)
    assert merged.latencies["final"].seconds == whole.latencies["final"].seconds
    assert merged.total("calls") == len(some) + len(others)


@given(LATENCIES)
def test_nothing_is_lost_on_the_way(latencies: list[tuple[float, int]]) -> None:
    """Through JSON and back it is the same."""
    there = measured(latencies)
    back = Measures.of_json(json.loads(json.dumps(there.to_json())))
    assert back.to_json() == there.to_json()
    assert back.latencies["final"].count == len(latencies)


@given(st.floats(0.001, 60_000))
def test_three_digits_are_kept(ms: float) -> None:
    """A percentile is within a thousandth of what was recorded, or a microsecond."""
    series = measured([(ms, 0)]).latencies["final"]
    assert series.percentile_ms(100) == pytest.approx(ms, rel=1e-3, abs=1e-3)
    (us,) = series.seconds[0]
    assert us / 1000 == pytest.approx(ms, rel=5e-3, abs=1e-3)


def test_counts_of_a_kind() -> None:
    """Errors are told by their reason; what never happened is zero."""
    measures = Measures()
    measures.count("error UNAVAILABLE", 1.2, 2)
    measures.count("audio s", 1.2, 0.5)
    assert measures.among("error ") == {"UNAVAILABLE": 2}
    assert measures.total("audio s") == 0.5
    assert measures.total("nothing") == 0
