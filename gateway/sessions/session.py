"""One stream that outlives its connections. Must not know how a connection is made, nor what is said."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress

from gateway.access.entry import UNDER_WAY
from gateway.sessions.log import AnswerLog
from parley.errors import StreamIdle
from parley.v1.pipeline_pb2 import PipelineRequest, PipelineResponse

WAITING = 8  # messages that wait for the pipeline; then the connection is not read
EVERY = 32  # messages it is said how many have arrived
KEPT_BYTES = 1 << 20  # of the answers
Answers = AsyncGenerator[PipelineResponse]
Run = Callable[[AsyncIterator[PipelineRequest]], Answers]


class Session:
    """Runs a pipeline; connections come and go."""

    def __init__(self, run: Run, key_id: str, keep_s: float) -> None:
        self.token, self.key_id, self.keep_s = secrets.token_urlsafe(24), key_id, keep_s
        self.connections = 0  # so far
        self.begun = False  # an answer was there, so that a client can know the token
        self._received, self._has_all = 0, False
        self._inbox: asyncio.Queue[PipelineRequest | Exception | None] = asyncio.Queue(WAITING)
        self._log = AnswerLog(KEPT_BYTES)
        self._feeding: asyncio.Task[None] | None = None
        self._running = asyncio.create_task(self._run(run))

    async def _run(self, run: Run) -> None:
        UNDER_WAY.set(None)  # the call that begins it may end sooner: it is recorded by itself
        try:
            async with aclosing(run(self._requests())) as answers:
                async for answer in answers:
                    if answer.HasField("opened"):
                        answer.opened.session = self.token
                    self.begun = True
                    await self._log.put(answer)
        except Exception as error:
            await self._log.end(error)
        else:
            await self._log.end()

    async def _requests(self) -> AsyncIterator[PipelineRequest]:
        while (request := await self._inbox.get()) is not None:
            if isinstance(request, Exception):
                raise request
            yield request

    async def connected(self, requests: AsyncIterator[PipelineRequest], after: int | None = None) -> Answers:
        """The answers, of a stream that is resumed those behind that one, while the requests are read.

        A connection that was there before ends.
        """
        self.connections += 1
        await self._disconnect()
        if after is not None:
            yield PipelineResponse(resumed={"received": self._received})
        feeding = self._feeding = asyncio.create_task(self._feed(requests))
        try:
            async with aclosing(self._log.after(after or 0)) as answers:
                async for answer in answers:
                    yield answer
        finally:
            feeding.cancel()

    async def _disconnect(self) -> None:
        """What the other connection has not handed over its client sends again."""
        if self._feeding:
            self._feeding.cancel()
            await asyncio.gather(self._feeding, return_exceptions=True)

    async def _feed(self, requests: AsyncIterator[PipelineRequest]) -> None:
        try:
            async for request in requests:
                await self._take(request)
            await asyncio.sleep(self.keep_s)  # a lost connection may look like this; if it is one this is cancelled
            await self._end(StreamIdle("All was read, and no End came; a resumable stream ends with that message."))
        except Exception as error:
            await self._end(error)

    async def _take(self, request: PipelineRequest) -> None:
        if request.HasField("end"):
            await self._end(None)
        elif not self._has_all:
            await self._inbox.put(request)
            if request.HasField("config"):
                return
            self._received += 1
            if self._received % EVERY == 0:
                await self._log.put(PipelineResponse(received={"messages": self._received}))

    async def _end(self, why: Exception | None) -> None:
        if not self._has_all:
            await self._inbox.put(why)
            self._has_all = True

    async def close(self) -> None:
        """End it, whoever is connected."""
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        await self._disconnect()
