"""A pipeline that goes on over another connection where one is lost: nothing lost, nothing twice.

Must not know how a connection is made, nor what is said over it.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from parley.errors import SessionGone, Unavailable
from parley.v1.pipeline_pb2 import PipelineRequest, PipelineResponse

Answers = AsyncGenerator[PipelineResponse]
Connect = Callable[[AsyncIterator[PipelineRequest]], Answers]
MOST_KEPT = 4096  # messages that may have been lost on their way; with more the source is not read
PAUSE_S = 0.2  # before another attempt; it doubles, up to
LONGEST_PAUSE_S = 5.0


class ResumingStream:
    """Sends what it is given over one connection after the other. Each object is for one stream."""

    def __init__(self, connect: Connect, keep_s: float = 60.0) -> None:
        self._connect, self._keep_s = connect, keep_s
        self._kept = deque[PipelineRequest]()  # what may have to be sent again
        self._settled = 0  # so many before them
        self._has_all = False
        self._failed: Exception | None = None
        self._session, self._after = "", 0
        self._may_send = asyncio.Event()
        self._news = asyncio.Condition()
        self.resumed, self.pause_s = 0, PAUSE_S  # times so far; before another attempt

    async def answers(self, requests: AsyncIterable[Any]) -> Answers:
        """Every answer to these PipelineRequests once, as if there were one connection. The first is the config.

        A Notice of ours says CONNECTION_LOST where another one cannot be had at once.
        """
        source = aiter(requests)
        first = await anext(source)
        first.config.resumable.FromMilliseconds(round(self._keep_s * 1000))
        reading = asyncio.create_task(self._read(source))
        try:
            async with aclosing(self._connections(first)) as answers:
                async for answer in answers:
                    yield answer
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _connections(self, first: PipelineRequest) -> Answers:
        lost_at, pause_s, clock = None, self.pause_s, asyncio.get_running_loop().time
        while True:
            try:
                async with aclosing(self._connect(self._sent(first))) as answers:
                    async for answer in answers:
                        lost_at, pause_s = None, self.pause_s
                        if await self._is_news(answer):
                            yield answer
                return
            except SessionGone:
                if lost_at is None:
                    raise
                raise Unavailable(
                    "The connection was lost, and its stream is not there any more; begin anew."
                ) from None
            except Unavailable as error:
                if lost_at:  # not even the second time
                    yield self._away(str(error))
                lost_at = lost_at or clock()
                if not self._session or clock() - lost_at > self._keep_s:
                    raise
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _away(self, why: str) -> PipelineResponse:
        words = f"The connection is lost, and tried again for {self._keep_s:g} s. {why}"
        return PipelineResponse(notice={"reason": "CONNECTION_LOST", "message": words})

    async def _is_news(self, answer: PipelineResponse) -> bool:
        """Whether it is for whoever reads; what is about the connection is not."""
        kind = answer.WhichOneof("event")
        self._after = answer.sequence or self._after
        if kind == "opened":
            self._session = answer.opened.session
            self._may_send.set()
        elif kind == "resumed":
            self.resumed += 1
            await self._settle(answer.resumed.received)
            self._may_send.set()
        elif kind == "received":
            await self._settle(answer.received.messages)
        return kind not in ("resumed", "received")

    async def _settle(self, messages: int) -> None:
        async with self._news:
            while self._settled < messages:
                self._kept.popleft()
                self._settled += 1
            self._news.notify_all()

    async def _read(self, source: AsyncIterator[PipelineRequest]) -> None:
        try:
            async for request in source:
                await self._keep(request)
            await self._keep(PipelineRequest(end={}))
        except Exception as error:
            self._failed = error
        async with self._news:
            self._has_all = True
            self._news.notify_all()

    async def _keep(self, request: PipelineRequest) -> None:
        async with self._news:
            await self._news.wait_for(lambda: len(self._kept) < MOST_KEPT)
            self._kept.append(request)
            self._news.notify_all()

    async def _sent(self, first: PipelineRequest) -> AsyncIterator[PipelineRequest]:
        """What goes out on one connection."""
        if self._session:
            self._may_send.clear()
            yield PipelineRequest(resume={"session": self._session, "after": self._after})
        else:
            yield first
        await self._may_send.wait()
        at = self._settled
        while (request := await self._at(at)) is not None:
            yield request
            at += 1
            if not self._session:  # nothing will have to be sent again
                await self._settle(at)

    async def _at(self, number: int) -> PipelineRequest | None:
        """The message of that number, when it is there; nothing behind the last one."""
        async with self._news:
            await self._news.wait_for(lambda: number < self._settled + len(self._kept) or self._has_all)
            if number < self._settled + len(self._kept):
                return self._kept[number - self._settled]
            if self._failed:
                raise self._failed
            return None
