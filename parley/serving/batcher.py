"""Many callers, one busy engine. Must not know what a job is.

Every wait is bounded: the queue refuses when full, and a job whose caller is gone or too late never reaches the engine.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from opentelemetry import context as otel
from opentelemetry.context import Context

from parley import machine
from parley.budget import Budget, Clock
from parley.engines.protocols import Engine, Rank, Ranks
from parley.errors import BadConfig, DeadlinePassed, Overloaded, Unavailable
from parley.serving.deadlines import Deadlines
from parley.serving.load import Load, Place
from parley.serving.workers import Workers
from parley.telemetry import Meter, Moment

Job = TypeVar("Job")
Result = TypeVar("Result")
RETIRED = "The model has been retired; open a new stream."
MOST_BUSY = 0.9  # answers never keep all of the engine from what can wait


@dataclass(frozen=True)
class BatchConfig:
    """How callers are gathered."""

    max_size: int = 16  # jobs in one batch
    wait_ms: float = 0.0  # how long an idle engine waits for company
    queue: int = 256  # jobs that may wait; one more is refused
    workers: int = 1  # batches that the engine works at, at a time; 0: as many as there are cores

    def __post_init__(self) -> None:
        for name, least in (("max_size", 1), ("queue", 1), ("workers", 0)):
            if getattr(self, name) < least:
                raise BadConfig(f"`batch.{name}` is {getattr(self, name)}; write {least} or more.")
        if self.wait_ms < 0:
            raise BadConfig(f"`batch.wait_ms` is {self.wait_ms}; write 0 or more milliseconds.")

    @property
    def at_a_time(self) -> int:
        """Batches that run at the same time."""
        return self.workers or machine.cores()


@dataclass(eq=False, slots=True)
class _Caller(Generic[Job, Result]):
    job: Job
    budget: Budget
    answer: asyncio.Future[Result]
    place: Place | None = None  # of a live stream
    patient: bool = False  # it can wait, whatever the engine says of its job
    context: Context = field(default_factory=otel.get_current)
    joined: Moment = field(default_factory=Moment.now)
    urgent_since: float | None = None  # None: it can wait
    taken: bool = False  # out of the queue

    def wants(self) -> bool:
        """Whether an answer is still of use: the caller is there, the deadline has not passed."""
        if self.budget.spent and not self.answer.done():
            self.answer.set_exception(DeadlinePassed("The job waited past its deadline; the service is too busy."))
        return not self.answer.done()


class Batcher(Generic[Job, Result]):
    """Gathers jobs while the engine works, and gives each caller its own result."""

    def __init__(
        self,
        engine: Engine[Job, Result],
        config: BatchConfig,
        meter: Meter,
        load: Load | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._engine, self._config, self._meter, self._load, self._clock = engine, config, meter, load, clock
        self._ranks: Ranks[Job] | None = engine if isinstance(engine, Ranks) else None
        self._queue: deque[_Caller[Job, Result]] = deque()
        meter.watch(self._queue)
        self._deadlines = Deadlines("The engine did not answer in time; the service is too busy.")
        self._news = asyncio.Event()
        self._workers = config.at_a_time
        self._working = dict.fromkeys(Rank, 0)  # workers that run a batch of this rank
        self._rests_until = dict.fromkeys(Rank, -math.inf)  # where people speak: before then none of it begins
        self._threads = Workers(self._workers, "engine")
        self._job_s = 0.01
        self.moved_at = self._clock()  # when the engine last had nothing to do, or was done with something
        self._meter.workers(self._workers)
        self._tasks = [asyncio.create_task(self._serve()) for _ in range(self._workers)]

    @property
    def waiting(self) -> int:
        """Jobs that the engine has not taken yet."""
        return len(self._queue)

    async def submit(self, job: Job, budget: Budget, place: Place | None = None, *, patient: bool = False) -> Result:
        """Wait for a place in a batch and for its result."""
        if self._tasks[0].done():
            raise Unavailable(RETIRED)
        if len(self._queue) >= self._config.queue:
            wait_s = round(len(self._queue) * self._job_s, 2)
            raise Overloaded(f"{len(self._queue)} jobs are waiting; come back in {wait_s} s.", retry_s=wait_s)
        caller: _Caller[Job, Result] = _Caller(job, budget, asyncio.get_running_loop().create_future(), place, patient)
        if not any(self._working.values()) and not self._queue:
            self.moved_at = self._clock()
        caller.urgent_since = time.monotonic() if self._rank(caller) is Rank.NOW else None
        self._queue.append(caller)
        self._news.set()
        self._deadlines.watch(caller.answer, budget)
        try:
            return await caller.answer
        finally:
            self._forget(caller)

    def _forget(self, caller: _Caller[Job, Result]) -> None:
        """Leave the queue, if the job was not taken: the caller has hung up or is too late."""
        self._deadlines.forget(caller.answer)
        if not caller.taken:
            self._queue.remove(caller)

    def look(self) -> None:
        """Look at the queue again: jobs may have become urgent, and the load learns how long urgent ones wait."""
        if not (self._queue and (self._ranks or self._load)):
            return
        now = time.monotonic()
        for caller in self._urgent() if self._load else ():
            if caller.place and caller.urgent_since is not None:
                caller.place.waits(now - caller.urgent_since)
        self._news.set()

    def _urgent(self) -> list[_Caller[Job, Result]]:
        """Callers whose jobs are urgent, the longest urgent first; one that is so no longer counts anew."""
        if self._ranks is None:  # all are, since they came
            return [caller for caller in self._queue if not caller.patient]
        since = list[tuple[float, _Caller[Job, Result]]]()
        for caller in self._queue:
            urgent = self._rank(caller) is Rank.NOW
            caller.urgent_since = (caller.urgent_since or time.monotonic()) if urgent else None
            if caller.urgent_since:
                since.append((caller.urgent_since, caller))
        return [caller for _, caller in sorted(since, key=lambda each: each[0])]

    def is_urgent(self, job: Job) -> bool:
        """Whether somebody waits for it now."""
        return not self._ranks or self._ranks.rank(job) is Rank.NOW

    def _rank(self, caller: _Caller[Job, Result]) -> Rank:
        if caller.patient:
            return Rank.LATER
        return self._ranks.rank(caller.job) if self._ranks else Rank.NOW

    async def _serve(self) -> None:
        while True:
            await self._news.wait()
            if self._config.wait_ms and len(self._queue) < self._config.max_size:
                await asyncio.sleep(self._config.wait_ms / 1000)
            # Not kept in a name here: an idle engine must not hold the last batch's audio.
            await self._do(*self._next())

    async def _do(self, batch: list[_Caller[Job, Result]], rank: Rank) -> None:
        if not batch:
            return
        began = self._clock()
        self._working[rank] += 1
        try:
            await self._answer(batch)
        finally:
            self._working[rank] -= 1
            self.moved_at = self._clock()
            if rank > Rank.NOW:
                self._rest(rank, self.moved_at - began)
            if self._queue:
                self._news.set()

    def _rest(self, rank: Rank, took_s: float) -> None:
        """After a batch that could wait its rank and later ones pause: they get what urgent ones leave free."""
        busy = min(self._load.share, MOST_BUSY) if self._load else 0.0
        rest_s = took_s * busy / (1 - busy)
        if rest_s > 0:
            self._rests_until[rank] = self.moved_at + rest_s
            asyncio.get_running_loop().call_later(rest_s, self._news.set)

    def _next(self) -> tuple[list[_Caller[Job, Result]], Rank]:
        """A batch of the first rank of which one may begin; nothing, where all that is there must wait."""
        # Ranks share no batch: nobody gets an answer before the whole batch is done.
        for rank in Rank:
            callers = [each for each in self._queue if self._rank(each) is rank] if rank else self._urgent()
            if callers and self._may_begin(rank):
                return self._take(self._alike(callers)), rank
        self._news.clear()
        return [], Rank.NOW

    def _may_begin(self, rank: Rank) -> bool:
        """Where people speak, what can wait leaves one worker free for what goes before it, and rests now and then."""
        if rank is Rank.NOW or not (self._load and self._load.streams):
            return True
        as_patient = [each for each in Rank if Rank.NOW < each <= rank]
        working = sum(self._working[each] for each in as_patient)
        is_last = working > 0 and working + 1 >= self._workers
        return not is_last and self._clock() >= max(self._rests_until[each] for each in as_patient)

    def _alike(self, callers: Sequence[_Caller[Job, Result]]) -> Sequence[_Caller[Job, Result]]:
        """The first, and all others whose jobs have the same shape."""
        if not (self._ranks and callers):
            return callers
        shape = self._ranks.shape(callers[0].job)
        return [caller for caller in callers if self._ranks.shape(caller.job) == shape]

    def _take(self, callers: Sequence[_Caller[Job, Result]]) -> list[_Caller[Job, Result]]:
        batch: list[_Caller[Job, Result]] = []
        for caller in callers:
            if len(batch) == self._config.max_size:
                break
            self._queue.remove(caller)
            caller.taken = True
            if caller.wants():
                batch.append(caller)
        if not self._queue:
            self._news.clear()
        return batch

    async def _answer(self, batch: list[_Caller[Job, Result]]) -> None:
        try:
            await self._attempt(batch)
        finally:
            _tell(batch)  # closed meanwhile: nobody waits for ever

    async def _attempt(self, batch: list[_Caller[Job, Result]]) -> None:
        try:
            for caller, result in zip(batch, await self._run(batch) if batch else (), strict=True):
                if not caller.answer.done():
                    caller.answer.set_result(result)
        except Exception as error:
            await self._after(error, batch)

    async def _after(self, error: Exception, batch: list[_Caller[Job, Result]]) -> None:
        """One bad job must not cost its neighbours their answer: after a failure each is tried alone."""
        if len(batch) > 1:
            for caller in batch:
                if caller.wants():
                    await self._attempt([caller])
        elif not batch[0].answer.done():
            batch[0].answer.set_exception(error)

    async def _run(self, batch: Sequence[_Caller[Job, Result]]) -> Sequence[Result]:
        began, cpu_s = Moment.now(), time.process_time() if self._load else 0.0
        results, engine = await self._threads.run(partial(self._timed, [caller.job for caller in batch]))
        job_s = (engine[1].at - engine[0].at) / len(batch)
        self._job_s += 0.1 * (job_s - self._job_s)
        self._meter.batch([(caller.context, caller.joined) for caller in batch], began, engine)
        if self._load:
            self._load.ran(engine[1].at - engine[0].at, (time.process_time() - cpu_s) / sum(self._working.values()))
        for caller in batch:
            if caller.place and caller.urgent_since is not None:
                caller.place.answered(began.at - caller.urgent_since, job_s)
        return results

    def _timed(self, jobs: Sequence[Job]) -> tuple[Sequence[Result], tuple[Moment, Moment]]:
        began = Moment.now()
        results = self._engine.run(jobs)
        return results, (began, Moment.now())

    async def close(self) -> None:
        """Stop; callers that still wait get Unavailable."""
        self._meter.workers(0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for caller in self._queue:
            caller.taken = True
        _tell(self._queue)
        self._queue.clear()
        self._deadlines.close()
        self._threads.close()


def _tell(callers: Iterable[_Caller[Job, Result]]) -> None:
    for caller in callers:
        if not caller.answer.done():
            caller.answer.set_exception(Unavailable(RETIRED))
