"""One stage's stream inside a pipeline: its input, its replicas, its stall timer. Must not know the other stages.

A branch is alive while input is taken: from its start until its replica is lost, and again once another has opened. A
stage whose input is kept (`replays`) stays alive while another replica is looked for, and its tail grows.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from gateway import metrics
from gateway.caller import Wish
from gateway.config import FailoverConfig
from gateway.pipeline import notices
from gateway.pipeline.continuity import Continuity, continuity_of
from gateway.pipeline.plan import Plan, StageRequest
from gateway.pipeline.tail import SoundTail, TextTail
from gateway.replicas.retry import When, pause_s, rule
from parley.budget import Clock
from parley.errors import DeadlinePassed, ParleyError
from parley.v1.asr_pb2 import Transcript
from parley.v1.pipeline_pb2 import Notice
from parley.v1.translate_pb2 import Translation
from parley.wire.stages import StageContract

LOOKS = 4  # without progress, before a stage counts as stalled


class Outage:
    """Whether a stage is opened anew, and when."""

    def __init__(self, config: FailoverConfig, clock: Clock = time.monotonic) -> None:
        self._config, self._clock = config, clock
        self._since: float | None = None
        self._tries = self._lost = self._later = 0

    @property
    def waiting(self) -> bool:
        """Whether the stage is waiting for another replica."""
        return self._tries > 0

    def pause_s(self, opened: bool, *, asked: bool = False, full: bool = False) -> float | None:
        """After one more failure of a stream that had opened, or not: how long to wait; None: give up.

        Who was asked to go elsewhere has not lost a replica: in a long silence that may happen any number of times.
        """
        self._since = self._clock() if self._since is None or opened else self._since
        self._lost += opened and not asked
        left = (self._config.room_s if full else self._config.wait_s) - (self._clock() - self._since)
        if left <= 0 or self._lost > self._config.most:
            return None
        self._tries += 1
        return 0.0 if self._tries == 1 else min(left, pause_s(0.1, self._tries - 2))

    def again_in_s(self) -> float | None:
        """How long to wait before one more try for a stage that was given up; None: it is not tried again."""
        if not self._config.again_s or self._lost > self._config.most:
            return None
        self._later += 1
        return pause_s(0.5, self._later - 1, self._config.again_s)

    def opened(self) -> None:
        """Notes that a replica has opened the stream."""
        self._tries = self._later = 0

    def worked(self) -> None:
        """Notes an answer that will not be replaced: failures in a row count from zero again."""
        self._lost = 0


class Branch:
    """A stage's input (its tail), and the state of its stream."""

    def __init__(self, stage: StageContract, tail: SoundTail | TextTail, stall_s: float, outage: Outage) -> None:
        self.stage, self.tail, self.outage, self._stall_s = stage, tail, outage, stall_s
        self.alias = ""  # which model was asked for
        self.finds_names = False  # instead of what its stage does
        self.continuity: Continuity | None = None  # puts its answers into the stream's own time; texts have none
        self.task: asyncio.Task[None] | None = None
        self.alive = True  # what comes is sent
        self.given_up = False  # the others go on without it; it may come back
        self.opened = asyncio.Event()  # set once a replica has answered, or the stage is lost
        self.stalled: ParleyError | None = None
        self.languages = tail.languages
        self.model = self.pinned = ""  # what served last; what the next replica is asked for
        self.delivering = False  # an answer waits for a slow client: the stage is not to blame
        self.unreached: set[str] = set()  # languages of texts that it does not translate
        self.fallback = ""  # who translates in place of its model, and why; empty: the model itself does
        self.answers = 0
        self.must_answer: Callable[[], bool] = lambda: False  # soon, or it is stalled
        self._has_replica, self._left = False, 0.0  # and when it was left
        self._idle, self._progress = 0, (0, 0)
        self._timer: asyncio.TimerHandle | None = None

    # What goes in.

    @property
    def does(self) -> str:
        """What its model is for."""
        return "names" if self.finds_names else self.stage.name

    @property
    def wish(self) -> Wish:
        """What a replica is asked for."""
        return Wish(self.stage.name, self.pinned or self.alias, self.languages, self.alias, self.model != "")

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
        """Asks for all answers now; texts are flushed one by one anyway."""
        if self.alive and isinstance(self.tail, SoundTail):
            self.tail.flush()

    def give_up(self) -> None:
        """The others go on without it: takes no more input, and wakes whoever waits to put some."""
        self.given_up, self._has_replica = True, False
        self._pause()
        self.opened.set()

    async def may_come_back(self) -> bool:
        """Wait for the next time to try a stage that was given up; False: there is none."""
        pause_s = self.outage.again_in_s()
        return pause_s is not None and not await self.tail.ends_within(pause_s)

    def over(self) -> None:
        """The stream has ended or is lost for good."""
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
        """A replica has opened the stream: the notice to send where it replaces another one, or the stage is back."""
        again, gone = self.model != "", self.given_up
        if again and not gone:
            metrics.FAILOVER.labels(self.stage.name).observe(time.monotonic() - self._left)
        self.model = self.pinned = model
        self._has_replica, self.alive, self.given_up = True, True, False
        self.outage.opened()
        self.opened.set()
        if gone:
            return notices.returned(self.stage, self.at_ns)
        return notices.back(self.stage, self.at_ns) if again else None

    def changed(self, event: Translation) -> Notice | None:
        """What a client has to know of a translation and does not know yet: once is enough."""
        notice, before = notices.untranslated(self.stage, event), self.fallback
        if event.HasField("fallback"):
            self.fallback = f"{event.fallback.reason} {event.fallback.model}"
            return notices.instead(self.stage, event) if notice or self.fallback != before else None
        if notice:
            is_known = event.source_language in self.unreached
            self.unreached.add(event.source_language)
            return None if is_known else notice
        if before and event.text.strip():
            self.fallback = ""
            return notices.own_again(self.stage, event)
        return None

    def complete(self, event: Any) -> None:
        """A final may come back in several pieces; together they are its text."""
        assert isinstance(self.tail, TextTail)
        final = self.tail.answered(event.source_text)
        fields = event.DESCRIPTOR.fields_by_name
        if "interval" in fields:
            event.interval.CopyFrom(final.interval)
        if "speaker" in fields:
            event.speaker = final.speaker

    @property
    def at_ns(self) -> int:
        """Nanoseconds from the stream's start up to which everything is answered."""
        return self.tail.scale.nanoseconds(self.tail.start) if isinstance(self.tail, SoundTail) else 0

    def retry_in_s(self, error: ParleyError) -> float | None:
        """After how long to try another replica, now that the stream broke or did not open; None: the stage is lost."""
        late = self.tail.ended and not self.stage.traits.replays  # it has no input left
        row = rule(When.REPLAYABLE if self.stage.traits.replays else When.LIVE, error, of_words=self.stage.gives_words)
        if not self.model or self.given_up or late or not row.then:
            return None
        had, self._has_replica = self._has_replica, False
        if not had:
            self.pinned = ""  # nobody has the version now: let the route say which one takes over
        return self.outage.pause_s(had, asked=not row.is_loss, full=row.waits_for_room)

    def leave(self, error: ParleyError) -> Notice:
        """The replica is lost: the notice to send."""
        self._left = time.monotonic()
        at, lost_from = self.at_ns, self.continuity.lost_from if self.continuity else None
        if self.continuity:
            self.continuity.reopened()
        if not self.stage.traits.replays:
            self._pause()
        return notices.replaced(self.stage, error, at, lost_from)

    # The stall timer.

    def watch(self) -> None:
        """Cancel the stage's task when it owes something and makes no progress: it must not hold up the others."""
        progress, has_work = (self.tail.taken, self.answers), self.tail.unsent > 0 or self.must_answer()
        owes = self.alive and self._has_replica and not self.delivering and has_work
        self._idle = self._idle + 1 if owes and progress == self._progress else 0
        self._progress = progress
        if self._idle > LOOKS and self.task:
            self._idle, self.stalled = 0, DeadlinePassed(f"{self.stage.name} did nothing for {self._stall_s:g} s.")
            self.task.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._stall_s / LOOKS, self.watch)


def branches(plan: Plan, stalls_s: Mapping[str, float], failover: FailoverConfig) -> list[Branch]:
    """One for each stream that the plan asks for, in its order."""
    return [_branch(plan, each, stalls_s, failover) for each in plan.asked]


def _branch(plan: Plan, each: StageRequest, stalls_s: Mapping[str, float], failover: FailoverConfig) -> Branch:
    stage, tail = each.stage, plan.tail(each, failover.keep)
    branch = Branch(stage, tail, stalls_s.get(stage.name, stage.stall_s(each.config)), Outage(failover))
    branch.alias, branch.finds_names = plan.model(each), getattr(each.config, "find_names", False)
    if isinstance(tail, TextTail):
        branch.must_answer = lambda: bool(tail.pending)
    else:
        branch.continuity = continuity_of(stage, tail, each.config)
    return branch
