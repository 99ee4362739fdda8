"""Calls in a window."""

import time

import pytest

from gateway.access.rate import Shared, rate_of
from parley.errors import BadConfig
from tests.fakes import Clock


async def test_a_window_moves() -> None:
    """The call after the last allowed one waits for the oldest to leave; others do not wait for it."""
    clock = Clock()
    rate = rate_of("3/minute", "memory://", clock)
    for _ in range(3):
        assert await rate.wait_s("ann") == 0.0
        clock.now += 10.0
    assert await rate.wait_s("ann") == pytest.approx(30.0)
    assert await rate.wait_s("ben") == 0.0
    clock.now += 30.0
    assert await rate.wait_s("ann") == 0.0
    assert await rate.wait_s("ann") == pytest.approx(10.0)


async def test_a_clock_that_is_set_back_refuses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator who sets the time has not changed how often somebody called."""
    clock = Clock()
    rate = rate_of("1/second", "memory://", clock)
    assert await rate.wait_s("ann") == 0.0
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 86_400.0)
    assert 0 < await rate.wait_s("ann") <= 1.0
    clock.now += 1.0
    assert await rate.wait_s("ann") == 0.0


@pytest.mark.parametrize(("rate", "store"), [("often", "memory://"), ("1/second", "ram://"), ("", "redis://x")])
def test_a_rate_that_is_none_does_not_start(rate: str, store: str) -> None:
    """The config is told what would be right."""
    with pytest.raises(BadConfig, match="rate"):
        rate_of(rate, store)


def test_gateways_can_count_together() -> None:
    """Where a Redis is named; it is not called before the first call is counted."""
    assert isinstance(rate_of("1/second", "redis://localhost:1"), Shared)
