"""How a stream ended: what policies learn from, and rollouts judge by. Must not know what an answer says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parley.engines.model import ModelRef
from parley.wire.waits import WAITS, Waits


@dataclass(frozen=True)
class Outcome:
    """One stream of one version, by an alias or by its name; a version that nobody could open has one too."""

    alias: str  # empty: the caller named the version
    ref: ModelRef
    error: type[BaseException] | None  # None: it ended well; a cancellation or GeneratorExit: the caller hung up
    first_answer_s: float | None  # None: there was none
    stage: str = ""
    answers: Sequence[bytes] = ()  # the last of those that say how good the version is
    trailers: Mapping[str, str] = field(default_factory=dict)
    together: str = ""  # what keeps its caller's streams on one version; empty: it is on its own
    rewarded: bool | None = None  # whether it went as the route's reward wants; None: that cannot be said

    @property
    def waits(self) -> Waits | None:
        """How long its jobs waited for the engine, where its service has said so."""
        return Waits.of(self.trailers.get(WAITS, ""))
