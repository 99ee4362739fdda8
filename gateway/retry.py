"""Whether a call that failed before anything was consumed is made again, and when. Must not know what is called."""

import random
from dataclasses import dataclass

from parley.errors import Code, ParleyError, UnknownModel


@dataclass(frozen=True)
class CallConfig:
    """How a stage is called."""

    attempts: int = 3  # of one call, as long as nothing was answered
    retry_share: float = 0.2  # retries as a share of the calls: when all fail, trying all again makes it worse
    retry_reserve: int = 20  # retries that are always allowed after a quiet time
    pause_s: float = 0.05  # about this long before a second try of the same replica; doubled each time
    open_s: float = 5.0  # the longest that a stream's first answer takes
    unary_s: float = 60.0  # the longest that a call with one answer takes
    # Texts, and the other calls with one answer, are asked of a second replica too when that takes longer; 0: never.
    hedge_s: float = 0.0
    resolve_s: float = 5.0  # how often names are looked up anew


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
