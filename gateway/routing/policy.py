"""Which of an alias's versions a stream gets, and what is learnt from how streams end. Must not know a routes file.

A policy keeps nothing itself: what it learns it writes into the memory, which outlives routers and their routes.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.replicas.retry import blames_version
from gateway.routing.outcome import Outcome
from parley.engines.model import ModelRef


@dataclass(frozen=True)
class Draw:
    """What a policy chooses from, and for whom."""

    alias: str
    shares: Mapping[ModelRef, int]  # the weights of its route, at least one of them above 0
    key: str  # the same for streams that belong together
    had: ModelRef | None = None  # what an open stream has, when it is asked whether it would get that again


@dataclass(frozen=True)
class Reward:
    """What a route wants of a stream."""

    within_s: float = 0.0  # the longest that an answer may take; 0: as long as it likes

    def of(self, outcome: Outcome) -> bool | None:
        """Whether it was so; None: that says nothing of the version, as the caller hung up or was wrong."""
        if outcome.error is not None:
            return False if blames_version(outcome.error) else None
        if not self.within_s:
            return True
        took_s = outcome.waits.worst_s if outcome.waits else outcome.first_answer_s
        return took_s is None or took_s <= self.within_s


class PolicyMemory:
    """Numbers that a policy keeps of each version of an alias, by names of its own; 0 until it sets them."""

    def __init__(self) -> None:
        self._numbers: defaultdict[tuple[str, ModelRef], defaultdict[str, float]]
        self._numbers = defaultdict(lambda: defaultdict(float))

    def of(self, alias: str, ref: ModelRef) -> defaultdict[str, float]:
        """What is known of one version, to be read and changed."""
        return self._numbers[alias, ref]

    def tables(self) -> list[list[Any]]:
        """All of it, as JSON can keep it."""
        return [[alias, str(ref), dict(numbers)] for (alias, ref), numbers in self._numbers.items() if numbers]

    def take(self, tables: Iterable[Sequence[Any]]) -> None:
        """What was kept."""
        for alias, ref, numbers in tables:
            self.of(str(alias), ModelRef.of(str(ref))).update({str(name): float(n) for name, n in numbers.items()})


class Policy(Protocol):
    """How versions are chosen."""

    def pick(self, draw: Draw, memory: PolicyMemory) -> ModelRef:
        """One of the versions. A policy that draws at random gives `had` again, or it would move open streams."""

    def learn(self, outcome: Outcome, memory: PolicyMemory) -> None:
        """One more stream has ended."""


class WeightedHash:
    """Weighted rendezvous hashing: each version draws a number for the key; the highest wins.

    The same key always gets the same version, and adding a version moves only that version's share of the keys.
    """

    def pick(self, draw: Draw, memory: PolicyMemory) -> ModelRef:
        """The key alone decides, so an open stream would get what it has."""
        return max(draw.shares, key=lambda ref: _score(draw.key, ref, draw.shares[ref]))

    def learn(self, outcome: Outcome, memory: PolicyMemory) -> None:
        """Nothing: the weights are the operator's."""


def number(key: str, ref: ModelRef) -> float:
    """Between 0 and 1, always the same for the same."""
    digest = hashlib.blake2b(f"{key}|{ref}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) + 1) / (2**64 + 2)


def _score(key: str, ref: ModelRef, weight: int) -> float:
    return -weight / math.log(number(key, ref)) if weight else -1.0
