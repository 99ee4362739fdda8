"""Arithmetic of the bench of open pages."""

import pytest

from loadtest.bench.watching import PAGES, WatchingFindings


def test_a_page_costs_what_is_added_within_a_round() -> None:
    """A round in which the gateway had other work counts no more than others."""
    found = WatchingFindings(
        without=[0.01, 0.30, 0.01], watched=[0.01 + PAGES * 0.002, 0.50, 0.01 + PAGES * 0.002], event_bytes=9
    )
    assert found.a_page == pytest.approx(0.002)
