"""Who retries what: one table, from situation and error to what is tried next. Must not know what is called.

Each place that can retry asks `rule` and skips the steps that are not possible there just then. What the steps cost
is bounded beside the table: by `calls.attempts`, the call's deadline and `Allowance`; in a pipeline by `failover`.
"""

import random
from dataclasses import dataclass
from enum import Enum

from gateway.config import CallConfig
from parley.errors import (
    BadInput,
    DeadlinePassed,
    Draining,
    Forbidden,
    NotFound,
    Overloaded,
    ParleyError,
    Unauthenticated,
    Unavailable,
    UnknownModel,
)


class When(Enum):
    """Where a call stands when it fails, and who asks what comes next."""

    OPENING = "a stream, before its first answer (pool, then switchboard)"
    UNARY = "a call with one answer (pool)"
    HEDGE = "one of two hedged calls, while the other runs (hedge)"
    REPLAYABLE = "a pipeline's stage that had opened and whose input is kept (branch)"
    LIVE = "a pipeline's stage that had opened and whose input is not kept (branch)"
    NEVER_OPENED = "a pipeline's stage that no replica took (pipeline)"
    NOT_REPLACED = "a pipeline's stage that no other replica took over in time (pipeline)"


class Then(Enum):
    """What is done about it."""

    OTHER_REPLICA = "another replica at once"
    SAME_REPLICA = "the same replica again after a pause"
    OTHER_VERSION = "another version of the route, or from its `fallback`"
    OTHER_ANSWER = "the other call's answer"
    REPLAY = "another replica, with replay"
    RESUME = "another replica, from the present on"
    DO_WITHOUT = "the stage is given up with a notice, the others go on"
    LATER = "it is tried again, with a notice once it is back (`failover.again_s`)"


@dataclass(frozen=True)
class RetryRule:
    """One row: what is done, in this order; nothing: given up, and the caller gets the error."""

    when: When
    error: type[BaseException]
    then: tuple[Then, ...] = ()
    of_words: bool = False  # only of a stage that gives words
    is_loss: bool = True  # counts towards `failover.most`
    waits_for_room: bool = False  # is tried for `failover.room_s`, not `failover.wait_s`

    def fits(self, when: When, error: BaseException, of_words: bool) -> bool:
        """Whether the row is about this."""
        return self.when is when and isinstance(error, self.error) and (of_words or not self.of_words)


PASSING = (Unavailable, Overloaded, DeadlinePassed)  # may be otherwise in a while

RETRIES = (  # of the rows that fit, the first one holds
    # A replica that does not answer, is full or is late says nothing about the others. One that is full or late gets
    # no second try itself: that would be one call more for who has too many.
    RetryRule(When.OPENING, Unavailable, (Then.OTHER_REPLICA, Then.SAME_REPLICA, Then.OTHER_VERSION)),
    RetryRule(When.OPENING, Overloaded, (Then.OTHER_REPLICA, Then.OTHER_VERSION)),
    RetryRule(When.OPENING, DeadlinePassed, (Then.OTHER_REPLICA, Then.OTHER_VERSION)),
    RetryRule(When.OPENING, UnknownModel, (Then.OTHER_REPLICA, Then.OTHER_VERSION)),
    RetryRule(When.OPENING, ParleyError),
    RetryRule(When.UNARY, Unavailable, (Then.OTHER_REPLICA, Then.SAME_REPLICA)),
    RetryRule(When.UNARY, Overloaded, (Then.OTHER_REPLICA,)),
    RetryRule(When.UNARY, DeadlinePassed, (Then.OTHER_REPLICA,)),
    RetryRule(When.UNARY, UnknownModel, (Then.OTHER_REPLICA,)),
    RetryRule(When.UNARY, ParleyError),
    RetryRule(When.HEDGE, BaseException, (Then.OTHER_ANSWER,)),
    # The client's own fault is the same fault with any replica. Who is asked to leave has lost nobody.
    RetryRule(When.REPLAYABLE, BadInput),
    RetryRule(When.REPLAYABLE, Draining, (Then.REPLAY,), is_loss=False),
    RetryRule(When.REPLAYABLE, Overloaded, (Then.REPLAY,), of_words=True, waits_for_room=True),
    RetryRule(When.REPLAYABLE, ParleyError, (Then.REPLAY,)),
    RetryRule(When.LIVE, BadInput),
    RetryRule(When.LIVE, Draining, (Then.RESUME,), is_loss=False),
    RetryRule(When.LIVE, ParleyError, (Then.RESUME,)),
    # A stream whose words nobody has room to hear is refused, so that the client may come back.
    RetryRule(When.NEVER_OPENED, BadInput),
    RetryRule(When.NEVER_OPENED, NotFound),
    RetryRule(When.NEVER_OPENED, Overloaded, of_words=True),
    *(RetryRule(When.NEVER_OPENED, error, (Then.DO_WITHOUT, Then.LATER)) for error in PASSING),
    RetryRule(When.NEVER_OPENED, ParleyError, (Then.DO_WITHOUT,)),
    RetryRule(When.NOT_REPLACED, BadInput),
    *(RetryRule(When.NOT_REPLACED, error, (Then.DO_WITHOUT, Then.LATER)) for error in PASSING),
    RetryRule(When.NOT_REPLACED, ParleyError, (Then.DO_WITHOUT,)),
)


# Of these the version that was asked for is not the cause: the caller's own faults, and who is asked to go elsewhere.
NOT_ITS_FAULT = (BadInput, Draining, Forbidden, Unauthenticated)


def blames_version(error: type[BaseException]) -> bool:
    """Whether a stream that ended so says something about its version; who hangs up says nothing."""
    return issubclass(error, Exception) and not issubclass(error, NOT_ITS_FAULT)


def rule(when: When, error: BaseException, *, of_words: bool = False) -> RetryRule:
    """The first row that fits; of_words: the stage gives words."""
    return next(row for row in RETRIES if row.fits(when, error, of_words))


def markdown() -> str:
    """The table as docs/architecture.md shows it."""
    head = "| when | error | what is done, in this order |\n|---|---|---|\n"
    return head + "".join(f"| {row.when.value} | {_error(row)} | {_done(row)} |\n" for row in RETRIES)


def _error(row: RetryRule) -> str:
    general = {ParleyError: "any other", BaseException: "any"}
    name = general.get(row.error, f"`{row.error.__name__}`")
    return f"{name} of a stage that gives words" if row.of_words else name


def _done(row: RetryRule) -> str:
    steps = [step.value for step in row.then] or ["given up: the caller gets the error"]
    steps += [] if row.is_loss else ["not counted as a loss (`failover.most`)"]
    steps += ["tried for `failover.room_s`"] if row.waits_for_room else []
    return "; ".join(steps)


def pause_s(first_s: float, attempt: int, longest_s: float = 1.0) -> float:
    """Exponential backoff with jitter."""
    return random.uniform(0.5, 1.0) * min(longest_s, first_s * 2.0 ** min(attempt, 30))


class Allowance:
    """How many retries there may be now."""

    def __init__(self, config: CallConfig) -> None:
        self._share, self._most = config.retry_share, float(config.retry_reserve)
        self._left = self._most

    def earn(self) -> None:
        """Each call earns `retry_share` of a retry."""
        self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Take one retry, if one is left."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


if __name__ == "__main__":
    print(markdown(), end="")
