"""Calls in a window."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.access.rate import AWAY_S, Shared, rate_of
from parley.errors import BadConfig
from tests.fakes import Clock
from tests.redis_server import running


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


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A Redis of our own, on a socket."""
    with running(tmp_path) as (socket, process):
        yield f"redis+unix://{socket}", process


async def test_two_gateways_count_together(redis: tuple[str, "subprocess.Popen[bytes]"]) -> None:
    """What one has let in the other one knows of."""
    one, other = rate_of("3/minute", redis[0]), rate_of("3/minute", redis[0])
    assert [await each.wait_s("ann") for each in (one, other, one)] == [0.0] * 3
    assert await other.wait_s("ann") > 0
    assert await other.wait_s("ben") == 0.0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_without_its_store_a_gateway_counts_by_itself(
    redis: tuple[str, "subprocess.Popen[bytes]"], how: signal.Signals
) -> None:
    """Dead or hung: nobody is refused for that, each gateway keeps the limit, and they share it once it is back."""
    store, process = redis
    clock = Clock()
    rate = rate_of("2/minute", store, clock)
    assert await rate.wait_s("ann") == 0.0
    process.send_signal(how)
    if how is signal.SIGKILL:
        process.wait()
    assert [await rate.wait_s("ann") for _ in range(2)] == [0.0, 0.0]
    assert await rate.wait_s("ann") > 0
    if how is signal.SIGSTOP:
        process.send_signal(signal.SIGCONT)
        clock.now += AWAY_S
        assert await rate.wait_s("ben") == 0.0
        assert await rate_of("2/minute", store, clock).wait_s("ben") == 0.0
        assert await rate.wait_s("ben") > 0
