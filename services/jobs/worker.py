"""Takes jobs from the queue, works on some at a time, says how each went. Must not know what is done with a recording.

It renews its leases once a second; a job of which it learns then that it is no longer its own (cancelled, deleted,
late, or another worker's because this one stood still) is dropped at once.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from parley.client import Client
from parley.errors import Overloaded, ParleyError, Unavailable
from parley.jobs.files import JobFiles
from parley.jobs.job import Job
from parley.jobs.queue import JobQueue, Progress
from parley.wire import protocol
from services.jobs import hearing
from services.jobs.config import WorkerConfig
from services.jobs.dividing import parts_of
from services.jobs.joining import joined
from services.jobs.numbers import DONE_AUDIO, ENDED
from services.jobs.source import at_hand
from services.jobs.sweeping import Sweeper
from services.jobs.telling import Teller

log = logging.getLogger(__name__)
Result = TypeVar("Result")
BEAT_S, LOOK_S, IDLE_S = 1.0, 0.1, 2.0
PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0  # before a job is tried again


class Worker:
    """One process's share of the work."""

    def __init__(self, config: WorkerConfig, name: str) -> None:
        folder = Path(config.folder)
        self._config, self._name = config, name
        self._files, self._queue = JobFiles(folder), JobQueue(config.database, folder)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, Progress] = {}
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Until asked to stop."""
        await self._insist(lambda: self._queue.release(self._name))
        log.info("working", extra={"worker": self._name, "gateway": self._config.gateway})
        sweeper, teller = Sweeper(self._queue, self._files, self._config), Teller(self._queue, self._config)
        beside = [
            asyncio.create_task(each) for each in (self._beat(), sweeper.run(), teller.run(), self._woken_by(stop))
        ]
        try:
            while not stop.is_set():
                await self._take(stop)
        finally:
            for task in (*beside, *self._running.values()):
                task.cancel()
            await asyncio.gather(*beside, *self._running.values(), return_exceptions=True)
            with suppress(ParleyError):
                await self._queue.release(self._name)
            self._queue.close()

    async def _woken_by(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _take(self, stop: asyncio.Event) -> None:
        """As many jobs as there is room for; then wait for a change."""
        self._wake.clear()
        version, room = self._queue.version(), self._config.at_once - len(self._running)
        if room and not stop.is_set():
            for job in await self._insist(lambda: self._queue.claim(self._name, room)):
                self._start(job)
        for _ in range(round(IDLE_S / LOOK_S)):
            if self._wake.is_set() or (self._queue.version() != version and len(self._running) < self._config.at_once):
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_S)

    def _start(self, job: Job) -> None:
        self._progress[job.id] = Progress(job, "probe", job.done_s, job.duration_s)
        task = asyncio.create_task(self._work(job))
        self._running[job.id] = task
        task.add_done_callback(lambda _: self._ended(job))

    def _ended(self, job: Job) -> None:
        self._running.pop(job.id, None)
        self._progress.pop(job.id, None)
        self._wake.set()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            if self._progress:
                await self._renew(list(self._progress.values()))

    async def _renew(self, told: list[Progress]) -> None:
        held = await self._insist(lambda: self._queue.beat(told))
        for each in told:
            now = self._progress.get(each.job.id)
            if each.job.id not in held and now and now.job.attempt == each.job.attempt:
                await self._drop(each.job)

    async def _drop(self, job: Job) -> None:
        """What it still wrote while it was deleted goes too."""
        task = self._running[job.id]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not await self._insist(lambda: self._queue.known([job.id])):
            await asyncio.to_thread(self._files.remove, job.id)

    async def _work(self, job: Job) -> None:
        self._files.tidy(job.id)

        def note(stage: str, done_s: float, duration_s: float) -> None:
            done_s = max(done_s, self._progress[job.id].done_s)
            self._progress[job.id] = Progress(job, stage, done_s, max(done_s, duration_s))

        attempt = hearing.Hearing(job, self._files, note)
        try:
            if heard := await (self._join(job, note) if job.parts else self._hear(job, attempt, note)):
                await self._done(job, heard)
        except Exception as error:
            await self._failed(job, protocol.public(error, "the worker of jobs"), begun=attempt.opened)

    async def _hear(self, job: Job, attempt: hearing.Hearing, note: hearing.Note) -> hearing.Heard | None:
        """What was heard of its recording; None: it is long, and goes on in parts."""
        if not job.parent:
            await asyncio.to_thread(self._files.forget_parts, job.id)  # of an earlier attempt
        source = await at_hand(job, self._files, self._config)
        if parts := await parts_of(job, source, self._files, self._config, note):
            duration_s = max(part.start_s + part.duration_s for part in parts)
            await self._insist(lambda: self._queue.parts.divide(job, duration_s, parts))
            return None
        async with Client(self._config.gateway, hearing.headers(job, self._config.token)) as client:
            return await attempt.run(client, source, self._config.audio_s)

    async def _join(self, job: Job, note: hearing.Note) -> hearing.Heard:
        """What was heard of its parts."""
        note("join", job.duration_s, job.duration_s)
        parts = await self._insist(lambda: self._queue.parts.of(job))
        return hearing.Heard(await asyncio.to_thread(joined, job, parts, self._files), job.duration_s)

    async def _done(self, job: Job, heard: hearing.Heard) -> None:
        self._files.tidy(job.id)
        size = self._files.sizes(job.id)
        is_mine = await self._insist(lambda: self._queue.finish(job, heard.results, heard.duration_s, size))
        ENDED.labels("done").inc()
        if not job.parent:
            DONE_AUDIO.inc(heard.duration_s)
        if is_mine and job.parts:
            await asyncio.to_thread(self._files.forget_parts, job.id)

    async def _failed(self, job: Job, error: ParleyError, *, begun: bool) -> None:
        """Failed for good, or to be tried again: at once counted only where the job may be the reason."""
        if hearing.is_final(error):
            ENDED.labels("failed").inc()
            await self._insist(lambda: self._queue.fail(job, error.reason, str(error)))
            return
        counts = begun and not isinstance(error, Overloaded)
        wait_s = error.retry_s or min(PAUSE_S * 2.0 ** min(job.failures, 16), LONGEST_PAUSE_S)
        wait_s *= random.uniform(0.75, 1.25)
        ENDED.labels("again").inc()
        log.info("a job is tried again", extra={"job": job.id, "why": str(error), "after_s": round(wait_s, 2)})
        await self._insist(lambda: self._queue.again(job, error.reason, str(error), wait_s, counts=counts))

    async def _insist(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """A database that is away comes back; by then the job may be another worker's, which changes nothing here."""
        while True:
            try:
                return await ask()
            except Unavailable as error:
                log.warning("the database of jobs does not answer: %s", error)
                await asyncio.sleep(PAUSE_S)
