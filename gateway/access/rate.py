"""How often each key may call, over a moving window: counted here, or in a Redis. Must not know what a call is for."""

import time
from collections import defaultdict, deque
from typing import Any, Protocol

from parley.budget import Clock
from parley.errors import BadConfig

HERE = "memory://"


class Rate(Protocol):
    """Counts calls."""

    async def wait_s(self, who: str) -> float:
        """0: the call is within the limit, and counted. Otherwise how long until it would be."""


def rate_of(rate: str, store: str, clock: Clock = time.monotonic) -> Rate:
    """Reads e.g. 600/minute."""
    # Slow to import: only those who limit pay for it.
    from limits import parse
    from limits.errors import ConfigurationError

    try:
        item = parse(rate)
        return Own(item.amount, item.get_expiry(), clock) if store == HERE else Shared(item, store)
    except (ValueError, ConfigurationError) as error:
        raise BadConfig(
            f"`limits.rate_per_key`: {error}; write e.g. 600/minute, and memory:// or redis://host."
        ) from None


class Own:
    """In memory, on a clock that nobody sets: on the wall's, set back by an hour, a full window stayed full as long."""

    def __init__(self, most: int, period_s: float, clock: Clock) -> None:
        self._most, self._period_s, self._clock = most, period_s, clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)

    async def wait_s(self, who: str) -> float:
        """0: the call is within the limit, and counted. Otherwise how long until it would be."""
        calls, now = self._calls[who], self._clock()
        while calls and calls[0] <= now - self._period_s:
            calls.popleft()
        if len(calls) >= self._most:
            return max(0.1, calls[0] + self._period_s - now)
        calls.append(now)
        return 0.0


class Shared:
    """In a Redis, by the wall clocks of the gateways that share it."""

    def __init__(self, item: Any, store: str) -> None:
        from limits.aio.strategies import MovingWindowRateLimiter
        from limits.storage import storage_from_string

        # The library that the extra `redis` installs.
        client = {"implementation": "redispy"} if store.startswith("redis") else {}
        self._item, self._window = item, MovingWindowRateLimiter(storage_from_string(f"async+{store}", **client))

    async def wait_s(self, who: str) -> float:
        """0: the call is within the limit, and counted. Otherwise how long until it would be."""
        if await self._window.hit(self._item, who):
            return 0.0
        stats = await self._window.get_window_stats(self._item, who)
        return min(float(self._item.get_expiry()), max(0.1, stats.reset_time - time.time()))
