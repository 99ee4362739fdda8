from dataclasses import replace
from typing import Any

import pytest

from loadtest.promises import Verdict
from loadtest.sla.judge import Judgement
from loadtest.sla.repeats import RUNS, is_settled, settled
from tests.loadtest.sla.test_judge import judged, measured

PROMISE: dict[str, Any] = {"final": {"p99_ms": 500.0}, "lost words": {"count": 0}, "errors": {"count": 0}}
HELD, SLOW = judged(measured(300), **PROMISE), judged(measured(600), **PROMISE)
LOST = judged(measured(600, lost_words=1), **PROMISE)
LATE = judged(measured(300, lag_ms=1000), **PROMISE)
LATE_AND_LOST = judged(measured(300, lag_ms=1000, lost_words=1), **PROMISE)
FAILED = judged(measured(error_UNFINISHED=1), **PROMISE)
LATE_AND_FAILED = judged(measured(lag_ms=1000, error_UNFINISHED=1), **PROMISE)
NOBODY = replace(LATE, kept=(), doubts=("the load generators failed",))


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        ([HELD], Verdict.HELD),
        ([SLOW, SLOW], Verdict.BROKEN),
        ([SLOW, HELD, HELD], Verdict.HELD),
        ([SLOW, HELD, SLOW], Verdict.BROKEN),
        ([LATE, HELD], Verdict.HELD),
        ([LATE, SLOW, SLOW], Verdict.BROKEN),
        ([LATE, SLOW, HELD], Verdict.BROKEN),
        ([LATE, LATE, LATE], Verdict.INVALID),
        ([LOST], Verdict.BROKEN),
        ([NOBODY], Verdict.INVALID),
        ([LATE_AND_LOST], Verdict.INVALID),
        ([FAILED], Verdict.BROKEN),
        ([LATE_AND_FAILED, HELD], Verdict.HELD),
        ([SLOW, LOST], Verdict.BROKEN),
    ],
)
def test_two_of_three_decide(runs: list[Judgement], verdict: Verdict) -> None:
    """What was only slow, or says nothing, is run again; a lost word is lost, whoever else was busy."""
    assert settled(runs).verdict is verdict
    assert is_settled(runs)
    assert not any(is_settled(runs[:n]) for n in range(1, len(runs)))
    assert len(runs) <= RUNS


def test_what_counts_is_one_run() -> None:
    """The report shows the last run of those that decided, not a mixture."""
    assert settled([SLOW, HELD, SLOW]) is SLOW
    assert settled([LATE, HELD]) is HELD
