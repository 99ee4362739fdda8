"""Now and then: jobs too late or too often failed are given up, old ones removed, all counted."""

import asyncio
import logging
from itertools import chain

from parley.errors import ParleyError
from parley.jobs.files import JobFiles
from parley.jobs.job import JobState
from parley.jobs.queue import JobQueue
from services.jobs.config import WorkerConfig
from services.jobs.numbers import JOBS, OLDEST

log = logging.getLogger(__name__)
EVERY_S = 5.0
ORPHAN_S, EVERY_NTH = 3600.0, 120  # folders without a job: a gateway was killed between the two


class Sweeper:
    """One for each worker; that several do the same harms nobody."""

    def __init__(self, queue: JobQueue, files: JobFiles, config: WorkerConfig) -> None:
        self._queue, self._files, self._config = queue, files, config

    async def run(self) -> None:
        """Until cancelled."""
        turn = 0
        while True:
            try:
                await self._sweep(with_orphans=turn % EVERY_NTH == 0)
            except (ParleyError, OSError) as error:
                log.warning("jobs were not swept: %s", error)
            turn += 1
            await asyncio.sleep(EVERY_S)

    async def _sweep(self, *, with_orphans: bool) -> None:
        await self._queue.give_up(self._config.attempts)
        await self._queue.batches.expire(self._config.keep_s)
        over = [await each.expire(self._config.keep_s) for each in (self._queue, self._queue.uploads)]
        for gone in chain.from_iterable(over):
            await asyncio.to_thread(self._files.remove, gone)
        if with_orphans:
            found = list(self._files.orphans(await self._queue.now() - ORPHAN_S))
            for alone in set(found) - await self._queue.known(found):
                await asyncio.to_thread(self._files.remove, alone)
        counts = await self._queue.counts()
        for state in JobState:
            JOBS.labels(state.value).set(counts.get(state.value, (0, 0.0))[0])
        OLDEST.set(counts.get(JobState.QUEUED.value, (0, 0.0))[1])
