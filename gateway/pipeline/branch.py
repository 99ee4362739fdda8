"""One stage inside a pipeline: what goes in, whether it lives, whether it moves. Must not know the other stages.

A branch is alive while what comes is sent: from its start until its replica is lost, and again once another has opened.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

from gateway import metrics
from gateway.config import FailoverConfig
from gateway.pipeline import notices
from gateway.pipeline.config import Asked
from gateway.pipeline.continuity import Continuity, continuity_of
from gateway.pipeline.failover import Outage
from gateway.pipeline.plan import Plan
from gateway.pipeline.tail import SoundTail, TextTail
from gateway.replicas.retry import When, rule
from parley.errors import DeadlinePassed, ParleyError
from parley.v1.asr_pb2 import Transcript
from parley.v1.pipeline_pb2 import Notice
from parley.wire.stages import StageContract

LOOKS = 4  # at whether a stage moves, before it counts as stalled


class Branch:
    """A stage's tail, and its stream's state."""

    def __init__(self, stage: StageContract, tail: SoundTail | TextTail, stall_s: float, outage: Outage) -> None:
        self.stage, self.tail, self.outage, self._stall_s = stage, tail, outage, stall_s
        self.continuity: Continuity | None = None  # puts its answers into the stream's own time; texts have none
        self.task: asyncio.Task[None] | None = None
        self.alive = True  # takes what comes
        self.opened = asyncio.Event()  # answered, or lost
        self.stalled: ParleyError | None = None
        self.languages = tail.languages
        self.model = self.pinned = ""  # what served last; what the next replica is asked for
        self.delivering = False  # an answer of its is on its way to the client
        self.answers = 0
        self.must_answer: Callable[[], bool] = lambda: False  # soon, or it is stalled
        self._has_replica, self._left = False, 0.0  # and when it was left
        self._idle, self._moved = 0, (0, 0)
        self._timer: asyncio.TimerHandle | None = None

    # What goes in.

    async def audio(self, data: bytes) -> None:
        """More sound. Waits while the stage is behind."""
        assert isinstance(self.tail, SoundTail)
        if self.alive:
            await self.tail.until_room()
        if self.alive:
            self.tail.put(data)
        else:
            self.tail.skip(len(data))

    async def text(self, final: Transcript) -> None:
        """A whole text."""
        assert isinstance(self.tail, TextTail)
        await self.tail.until_room()
        if self.alive:
            self.tail.put(final)

    def flush(self) -> None:
        """Answer everything now; texts are answered anyway."""
        if self.alive and isinstance(self.tail, SoundTail):
            self.tail.flush()

    def over(self) -> None:
        """Nothing goes in any more; whoever waits to put something is let go."""
        self._pause()
        self.opened.set()
        if self._timer:
            self._timer.cancel()

    def _pause(self) -> None:
        self.alive = False
        self.tail.skip()
        self.tail.let_go()

    # One replica after another.

    def taken(self, model: str) -> Notice | None:
        """A replica has opened the stream; what the client is told, where it was another one before."""
        again = self.model != ""
        if again:
            metrics.FAILOVER.labels(self.stage.name).observe(time.monotonic() - self._left)
        self.model = self.pinned = model
        self._has_replica = self.alive = True
        self.outage.opened()
        self.opened.set()
        return notices.back(self.stage, self.at_ns) if again else None

    @property
    def at_ns(self) -> int:
        """Up to where everything is answered."""
        return self.tail.scale.nanoseconds(self.tail.start) if isinstance(self.tail, SoundTail) else 0

    def retry_in_s(self, error: ParleyError) -> float | None:
        """The stream broke, or could not be opened again: when to try; None: it is lost."""
        late = self.tail.ended and not self.stage.traits.replays  # nothing comes any more that it could do
        row = rule(When.REPLAYABLE if self.stage.traits.replays else When.LIVE, error, of_words=self.stage.gives_words)
        if not self.model or late or not row.then:
            return None
        had, self._has_replica = self._has_replica, False
        if not had:
            self.pinned = ""  # nobody has the version now: let the route say which one takes over
        return self.outage.pause_s(had, asked=not row.is_loss, full=row.waits_for_room)

    def leave(self, error: ParleyError) -> Notice:
        """The replica is gone: what the client is told."""
        self._left = time.monotonic()
        at, lost_from = self.at_ns, self.continuity.lost_from if self.continuity else None
        if self.continuity:
            self.continuity.reopened()
        if not self.stage.traits.replays:
            self._pause()
        return notices.replaced(self.stage, error, at, lost_from)

    # Whether it moves.

    def watch(self) -> None:
        """Look now and then: a stage that takes and says nothing must not hold up the others."""
        moved, waits_for_it = (self.tail.taken, self.answers), self.tail.unsent > 0 or self.must_answer()
        owing = self.alive and self._has_replica and not self.delivering and waits_for_it
        self._idle = self._idle + 1 if owing and moved == self._moved else 0
        self._moved = moved
        if self._idle > LOOKS and self.task:
            self._idle, self.stalled = 0, DeadlinePassed(f"{self.stage.name} did nothing for {self._stall_s:g} s.")
            self.task.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._stall_s / LOOKS, self.watch)


def branches(plan: Plan, stalls_s: Mapping[str, float], failover: FailoverConfig) -> list[Branch]:
    """One for each stream that the plan asks for, in its order."""
    return [_branch(plan, each, stalls_s, failover) for each in plan.asked]


def _branch(plan: Plan, each: Asked, stalls_s: Mapping[str, float], failover: FailoverConfig) -> Branch:
    stage, tail = each.stage, plan.tail(each, failover.keep)
    branch = Branch(stage, tail, stalls_s.get(stage.name, stage.stall_s(each.config)), Outage(failover))
    if isinstance(tail, TextTail):
        branch.must_answer = lambda: bool(tail.pending)
    else:
        branch.continuity = continuity_of(stage, tail, each.config)
    return branch
