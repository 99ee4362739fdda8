"""Thompson sampling: a version gets as many streams as it is likely to be the best. Must not know a routes file.

Each version's chance to be rewarded is a Beta distribution of what has been seen; every stream draws from each of them
and takes the highest. The draw is made from the stream's key, so that a stream that asks twice is told the same.
"""

import random

from gateway.routing.outcome import Outcome
from gateway.routing.policy import Draw, PolicyMemory
from parley.engines.model import ModelRef

REMEMBERED = 2000.0  # streams of a version: where there are more, all of them count half, so that news is heard
GOOD, BAD = "good", "bad"


class Thompson:
    """Explores while it is unsure, then stays with what is best."""

    def pick(self, draw: Draw, memory: PolicyMemory) -> ModelRef:
        """A weight says whether a version takes part at all; an open stream keeps what it has."""
        able = [ref for ref, weight in draw.shares.items() if weight]
        if draw.had in able:
            return draw.had

        def chance(ref: ModelRef) -> float:
            known = memory.of(draw.alias, ref)
            return random.Random(f"{draw.key}|{ref}").betavariate(1 + known[GOOD], 1 + known[BAD])

        return max(able, key=chance)

    def learn(self, outcome: Outcome, memory: PolicyMemory) -> None:
        """One more stream has ended; what is nobody's merit or fault teaches nothing."""
        if outcome.rewarded is None:
            return
        known = memory.of(outcome.alias, outcome.ref)
        known[GOOD if outcome.rewarded else BAD] += 1.0
        if known[GOOD] + known[BAD] > REMEMBERED:
            known[GOOD], known[BAD] = known[GOOD] / 2, known[BAD] / 2
