"""How often each key may call, over a moving window: counted here, or in a Redis. Must not know what a call is for."""

import asyncio
import logging
import math
import time
from collections import defaultdict, deque
from typing import Any, Protocol

from parley.budget import Clock
from parley.errors import BadConfig

HERE = "memory://"
LONGEST_S = 0.5  # that a call waits for a store
AWAY_S = 5.0  # so long nobody asks a store that did not answer
_TIMEOUTS = {"socket_timeout": LONGEST_S, "socket_connect_timeout": LONGEST_S}
log = logging.getLogger(__name__)


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
        own = Own(item.amount, item.get_expiry(), clock)
        return own if store == HERE else Shared(item, store, own, clock)
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
    """In a Redis, by the wall clocks of the gateways that share it; while it does not answer, here alone."""

    def __init__(self, item: Any, store: str, own: Own, clock: Clock) -> None:
        from limits.aio.strategies import MovingWindowRateLimiter
        from limits.errors import StorageError
        from limits.storage import storage_from_string

        # The library that the extra `redis` installs.
        redis = store.startswith(("redis", "unix"))
        options: dict[str, Any] = {"implementation": "redispy", **_TIMEOUTS} if redis else {}
        storage = storage_from_string(f"async+{store}", wrap_exceptions=True, **options)
        self._faults = StorageError
        self._item, self._window = item, MovingWindowRateLimiter(storage)
        self._own, self._clock, self._away_until = own, clock, -math.inf

    async def wait_s(self, who: str) -> float:
        """0: the call is within the limit, and counted. Otherwise how long until it would be."""
        if self._clock() < self._away_until:
            return await self._own.wait_s(who)
        try:
            async with asyncio.timeout(LONGEST_S):
                return await self._ask(who)
        except (self._faults, TimeoutError) as error:
            # One call waits for it at a time, and not every call: that would slow down everybody.
            self._away_until = self._clock() + AWAY_S
            log.warning("rates are counted here: the store does not answer", extra={"error": type(error).__name__})
            return await self._own.wait_s(who)

    async def _ask(self, who: str) -> float:
        if await self._window.hit(self._item, who):
            return 0.0
        stats = await self._window.get_window_stats(self._item, who)
        return min(float(self._item.get_expiry()), max(0.1, stats.reset_time - time.time()))
