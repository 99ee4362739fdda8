"""Tells webhooks that jobs have ended, signed as standardwebhooks.com says. Must not know how jobs are worked on."""

import asyncio
import json
import logging
import random
from datetime import UTC, datetime

from standardwebhooks import Webhook

from parley.errors import ParleyError
from parley.jobs.job import Job
from parley.jobs.queue import JobQueue
from parley.wire import outward, webhooks
from services.jobs.config import WorkerConfig
from services.jobs.numbers import TOLD

log = logging.getLogger(__name__)
LOOK_S, AT_ONCE = 1.0, 8
PAUSE_S, LONGEST_PAUSE_S = 5.0, 4 * 3600.0  # before the next try; three times as long after each


class Teller:
    """Some at a time; a slow receiver holds up those beside it and no more."""

    def __init__(self, queue: JobQueue, config: WorkerConfig) -> None:
        self._queue, self._config = queue, config
        self._signing = webhooks.signing(config.webhook_secret) if config.webhook_secret else None

    async def run(self) -> None:
        """Until cancelled; without a secret nobody is told."""
        while self._signing:
            try:
                due = await self._queue.hooks.claim(AT_ONCE)
                await asyncio.gather(*(self._tell(job, self._signing) for job in due))
            except ParleyError as error:
                due = []
                log.warning("webhooks are not told: %s", error)
            if len(due) < AT_ONCE:
                await asyncio.sleep(LOOK_S)

    async def _tell(self, job: Job, signing: Webhook) -> None:
        try:
            await self._post(job, signing)
        except webhooks.FAULTS as error:
            TOLD.labels("failed").inc()
            wait_s = min(PAUSE_S * 3.0 ** (job.hook_tries - 1), LONGEST_PAUSE_S) * random.uniform(0.75, 1.25)
            again_s = wait_s if job.hook_tries < self._config.webhook_tries else None
            if again_s is None:
                TOLD.labels("dead").inc()
            await self._queue.hooks.untold(job, str(error) or type(error).__name__, again_s)
            return
        TOLD.labels("told").inc()
        await self._queue.hooks.told(job)

    async def _post(self, job: Job, signing: Webhook) -> None:
        name = f"{job.id}.{job.attempt}"  # the same for every try: who was told already knows it again
        async with outward.client(webhooks.TIMEOUT_S) as client:
            await webhooks.post(client, job.webhook, self._config.private, name, _body(job), signing)


def _body(job: Job) -> str:
    error = {"reason": job.reason, "message": job.message} if job.reason else None
    data = {"id": job.id, "batch": job.batch, "name": job.name, "state": job.state.value, "error": error}
    ended = datetime.fromtimestamp(job.ended_at, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"type": f"job.{job.state.value}", "timestamp": ended, "data": data}, ensure_ascii=False)
