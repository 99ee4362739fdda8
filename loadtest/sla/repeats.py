"""When one run of a scenario is not enough, and which run then counts. Must not know how a run is made.

A noisy neighbour must not break a promise: who is only slow runs again, and of runs that say something two decide.
"""

from collections.abc import Sequence

from loadtest.promises import Verdict
from loadtest.sla.judge import Judgement

RUNS = 3
NOISY = ("notices",)  # they tell of missed times as well


def is_firm(judgement: Judgement) -> bool:
    """Words are lost and answers get worse on no machine, however busy: once is enough, and is never made good.

    Calls fail on a busy one, because they come too late: where the run is not believed, they are as good as slow.
    """
    excused = NOISY if judgement.verdict is Verdict.BROKEN else (*NOISY, "errors")
    broken = [each for each in judgement.kept if each.verdict is Verdict.BROKEN]
    return any(not (each.is_time or each.measure in excused) for each in broken)


def is_settled(runs: Sequence[Judgement]) -> bool:
    """Held at once, twice the same, or firmly broken; or it cannot be run, or has been often enough."""
    votes = _votes(runs)
    twice = max(votes.count(Verdict.HELD), votes.count(Verdict.BROKEN)) > 1
    return votes == [Verdict.HELD] or twice or is_firm(runs[-1]) or not runs[-1].kept or len(runs) >= RUNS


def settled(runs: Sequence[Judgement]) -> Judgement:
    """The run that counts: the last one with the verdict that has most votes; the worse one where they are equal."""
    votes = _votes(runs)
    if is_firm(runs[-1]) or not votes:
        return runs[-1]
    held = votes.count(Verdict.HELD) > votes.count(Verdict.BROKEN)
    wanted = Verdict.HELD if held else Verdict.BROKEN
    return next(each for each in reversed(runs) if each.verdict is wanted)


def _votes(runs: Sequence[Judgement]) -> list[Verdict]:
    """Runs that say nothing have none."""
    return [each.verdict for each in runs if each.verdict is not Verdict.INVALID]
