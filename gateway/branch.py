"""One stage inside a pipeline: what goes in, and whether it still lives. Must not know the other stages."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.message import Message

from parley.errors import DeadlinePassed, ParleyError
from parley.v1.asr_pb2 import Transcript
from parley.v1.audio_pb2 import Control, ControlAction

WAITING_MOST = 16
FLUSH = Control(action=ControlAction.CONTROL_ACTION_FLUSH)


class Branch:
    """A bounded queue in front of a stage, and its stream's state."""

    def __init__(self, stage: str, request: Any, config: Message, stall_s: float) -> None:
        self.stage, self._request, self._config, self._stall_s = stage, request, config, stall_s
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue(WAITING_MOST)
        self.task: asyncio.Task[None] | None = None
        self.alive = True
        self.stalled: ParleyError | None = None
        self.opened = asyncio.Event()  # answered, or lost
        self.model = ""
        self.pending: deque[Transcript] = deque()  # a rewriter's: finals whose answer is not complete

    async def requests(self) -> AsyncIterator[Message]:
        """What the stage is sent."""
        yield self._request(config=self._config)
        while (item := await self._queue.get()) is not None:
            yield item

    async def audio(self, data: bytes) -> None:
        """More sound."""
        await self._put(self._request(audio={"data": data}))

    async def text(self, text: str) -> None:
        """A whole text."""
        await self._put(self._request(text={"text": text}))
        await self.flush()

    async def flush(self) -> None:
        """Answer everything now."""
        await self._put(self._request(control=FLUSH))

    async def end(self) -> None:
        """There is no more input."""
        await self._put(None)

    async def _put(self, item: Message | None) -> None:
        """Wait while the stage is behind, but not for ever: one slow stage must not hold up the others."""
        if not self.alive:
            return
        if not self._queue.full():
            self._queue.put_nowait(item)
            return
        try:
            async with asyncio.timeout(self._stall_s):
                await self._queue.put(item)
        except TimeoutError:
            self._stall()

    def _stall(self) -> None:
        if self.alive and self.task:
            self.stalled = DeadlinePassed(f"{self.stage} took nothing for {self._stall_s:g} s.")
            self.task.cancel()
        self.over()

    def over(self) -> None:
        """Nothing goes in any more; whoever waits to put something is let go."""
        self.alive = False
        self.opened.set()
        while not self._queue.empty():
            self._queue.get_nowait()
