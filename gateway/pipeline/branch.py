"""One stage inside a pipeline: what goes in, whether it lives, whether it moves. Must not know the other stages."""

import asyncio
import time
from collections.abc import Callable, Mapping

from gateway import metrics
from gateway.config import FailoverConfig
from gateway.pipeline import notices
from gateway.pipeline.failover import Patience, Turns, Words
from gateway.pipeline.plan import REQUESTS, Plan
from gateway.pipeline.tail import SoundTail, TextTail
from gateway.replicas.retry import When, rule
from parley.errors import DeadlinePassed, ParleyError
from parley.v1.asr_pb2 import Transcript
from parley.v1.pipeline_pb2 import Notice

STALL_S = 15.0
STALLS_S = {"denoise": 5.0}
RECORDING_S = 150.0  # a recording may wait that long behind others
LOOKS = 4  # at whether a stage moves, before it counts as stalled
HEARD_LATER = ("asr", "translate")  # what they miss is sent to the next replica; the others go on with what comes


class Branch:
    """A stage's tail, and its stream's state."""

    def __init__(self, stage: str, tail: SoundTail | TextTail, stall_s: float, patience: Patience) -> None:
        self.stage, self.tail, self.patience, self._stall_s = stage, tail, patience, stall_s
        self.voice: Words | Turns | None = None  # puts what it says into the stream's own time
        self.task: asyncio.Task[None] | None = None
        self.alive = True  # takes what comes
        self.opened = asyncio.Event()  # answered, or lost
        self.stalled: ParleyError | None = None
        self.languages = tail.languages
        self.model = self.pinned = ""  # what served last; what the next replica is asked for
        self.telling = False  # what it said is on its way to the client
        self.said = 0
        self.owes: Callable[[], bool] = lambda: False  # it must answer soon
        self._has_replica, self._left = False, 0.0  # and when it was left
        self._idle, self._moved = 0, (0, 0)
        self._timer: asyncio.TimerHandle | None = None

    # What goes in.

    async def audio(self, data: bytes) -> None:
        """More sound. Waits while the stage is behind."""
        assert isinstance(self.tail, SoundTail)
        if self.alive:
            await self.tail.room()
        if self.alive:
            self.tail.put(data)
        else:
            self.tail.skip(len(data))

    async def text(self, final: Transcript) -> None:
        """A whole text."""
        assert isinstance(self.tail, TextTail)
        await self.tail.room()
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
            metrics.FAILOVER.labels(self.stage).observe(time.monotonic() - self._left)
        self.model = self.pinned = model
        self._has_replica = self.alive = True
        self.patience.opened()
        self.opened.set()
        return notices.back(self.stage, self.at_ns) if again else None

    @property
    def at_ns(self) -> int:
        """Up to where everything is answered."""
        return self.tail.scale.nanoseconds(self.tail.start) if isinstance(self.tail, SoundTail) else 0

    def outage(self, error: ParleyError) -> float | None:
        """The stream broke, or could not be opened again: when to try; None: it is lost."""
        late = self.tail.ended and self.stage not in HEARD_LATER  # nothing comes any more that it could do
        row = rule(When.REPLAYABLE if self.stage in HEARD_LATER else When.LIVE, error, self.stage)
        if not self.model or late or not row.then:
            return None
        had, self._has_replica = self._has_replica, False
        if not had:
            self.pinned = ""  # nobody has the version now: let the route say which one takes over
        return self.patience.pause_s(had, asked=not row.is_loss, full=row.waits_for_room)

    def leave(self, error: ParleyError) -> Notice:
        """The replica is gone: what the client is told."""
        self._left = time.monotonic()
        at, lost_from = self.at_ns, self.voice.lost_from if isinstance(self.voice, Words) else None
        if self.voice:
            self.voice.reopened()
        if self.stage not in HEARD_LATER:
            self._pause()
        return notices.replaced(self.stage, error, at, lost_from)

    # Whether it moves.

    def watch(self) -> None:
        """Look now and then: a stage that takes and says nothing must not hold up the others."""
        moved = (self.tail.taken, self.said)
        owing = self.alive and self._has_replica and not self.telling and (self.tail.unsent > 0 or self.owes())
        self._idle = self._idle + 1 if owing and moved == self._moved else 0
        self._moved = moved
        if self._idle > LOOKS and self.task:
            self._idle, self.stalled = 0, DeadlinePassed(f"{self.stage} did nothing for {self._stall_s:g} s.")
            self.task.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._stall_s / LOOKS, self.watch)


def branches(plan: Plan, stalls_s: Mapping[str, float], failover: FailoverConfig) -> dict[str, list[Branch]]:
    """Stage -> its streams, of which translate may have several and the others one or none."""
    every: dict[str, list[Branch]] = {}
    for stage in REQUESTS:
        usual_s = RECORDING_S if stage == "asr" and plan.config.asr.recording else STALL_S
        stall_s = stalls_s.get(stage, STALLS_S.get(stage, usual_s))
        tails = plan.tails(stage, failover.keep)
        every[stage] = [Branch(stage, tail, stall_s, Patience(failover)) for tail in tails]
        for branch in every[stage]:
            _lend_voice(branch, plan)
    return every


def _lend_voice(branch: Branch, plan: Plan) -> None:
    tail = branch.tail
    if isinstance(tail, TextTail):
        branch.owes = lambda: bool(tail.pending)
    elif branch.stage == "asr":
        branch.voice = Words(tail)
    elif branch.stage == "diarize":
        branch.voice = Turns(tail, {each.name for each in plan.config.diarize.enrolments})
