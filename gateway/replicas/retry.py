"""Whether a call that failed before anything was consumed is made again, and when. Must not know what is called."""

import random

from gateway.config import CallConfig
from parley.errors import Code, ParleyError, UnknownModel


def elsewhere(error: ParleyError) -> bool:
    """Another replica may do better."""
    return error.code in (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED) or isinstance(
        error, UnknownModel
    )


def again(error: ParleyError) -> bool:
    """The same replica may do better in a moment."""
    return error.code is Code.UNAVAILABLE


def pause_s(first_s: float, attempt: int, longest_s: float = 1.0) -> float:
    """Longer each time, and never in step with others who failed at the same moment."""
    return random.uniform(0.5, 1.0) * min(longest_s, first_s * 2.0**attempt)


class Allowance:
    """How many retries there may be now."""

    def __init__(self, config: CallConfig) -> None:
        self._share, self._most = config.retry_share, float(config.retry_reserve)
        self._left = self._most

    def earn(self) -> None:
        """One more call."""
        self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Allow one retry, or not."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
