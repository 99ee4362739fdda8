"""One stream's jobs on their way through the engine's queue. Must not know what a job is.

On a live stream a late answer is not lost: a job is waited for as long as the engine answers anybody, and the client is
sent a `Late` notice.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from parley.budget import Budget, Clock
from parley.errors import DeadlinePassed
from parley.serving.batcher import Batcher
from parley.serving.load import Place
from parley.v1.audio_pb2 import Late

LOOK_S = 0.25
LATE_S, AGAIN_S = 1.0, 10.0  # how long an answer may take; how often it is reported that it takes longer


class Waiting:
    """Submits jobs, and reports when urgent answers are late."""

    def __init__(
        self,
        batcher: Batcher[Any, Any],
        place: Place,
        still_s: float,
        tell: Callable[[Late], Awaitable[None]],
        clock: Clock = time.monotonic,
        look_s: float = LOOK_S,
    ) -> None:
        self._batcher, self._place, self._still_s, self._tell, self._clock = batcher, place, still_s, tell, clock
        self._look_s = look_s
        self._logged_at: float | None = None

    async def submit(self, job: Any, budget: Budget) -> Any:
        """The job's result, however long the queue; raises DeadlinePassed once the engine has stalled."""
        answer = asyncio.create_task(self._batcher.submit(job, budget, self._place))
        since: float | None = None
        try:
            while not answer.done():
                await asyncio.wait((answer,), timeout=self._look_s)
                if not answer.done():
                    since = (since or self._clock()) if self._batcher.is_urgent(job) else None
                    await self._look(since)
            return answer.result()
        finally:
            answer.cancel()

    async def _look(self, since: float | None) -> None:
        now = self._clock()
        if now - self._batcher.moved_at > self._still_s:
            raise DeadlinePassed(f"The engine has answered nobody for {self._still_s:g} s.")
        recently = self._logged_at is not None and now - self._logged_at < AGAIN_S
        if since is not None and now - since >= LATE_S and not recently:
            self._logged_at = now
            late = Late()
            late.waiting.FromMilliseconds(round(1000 * (now - since)))
            await self._tell(late)
