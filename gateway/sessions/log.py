"""What a stream has answered, numbered; the newest answers are kept for who comes back. Must not know connections."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from parley.errors import BadInput, SessionGone
from parley.v1.pipeline_pb2 import PipelineResponse


class AnswerLog:
    """One writer, one reader at a time, who may begin anew anywhere in what is kept."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._kept: deque[tuple[PipelineResponse, int]] = deque()
        self._dropped = self._read = 0  # numbers of the last answer that is gone, and of the last that was read
        self._over = False
        self._error: Exception | None = None
        self._reader: object = None
        self._news = asyncio.Condition()

    @property
    def last(self) -> int:
        """The number of the newest answer."""
        return self._dropped + len(self._kept)

    async def put(self, answer: PipelineResponse) -> None:
        """Number it and keep it; waits where what nobody has read yet fills all the room."""
        size = answer.ByteSize()
        async with self._news:
            await self._news.wait_for(lambda: self._has_room(size))
            answer.sequence = self.last + 1
            self._kept.append((answer, size))
            self._bytes += size
            self._news.notify_all()

    def _has_room(self, size: int) -> bool:
        while self._kept and self._bytes + size > self._most_bytes and self._dropped < self._read:
            self._bytes -= self._kept.popleft()[1]
            self._dropped += 1
        return not self._kept or self._bytes + size <= self._most_bytes

    async def end(self, error: Exception | None = None) -> None:
        """There will be no more; whoever has read all of it gets the error."""
        async with self._news:
            self._over, self._error = True, error
            self._news.notify_all()

    async def after(self, number: int) -> AsyncGenerator[PipelineResponse]:
        """Every answer behind that one. Who reads so first stops, as somebody else does."""
        self._check(number)
        me = self._reader = object()
        await self._note_read(number)  # what is behind it is kept for this reader, though another one had it before
        while (answer := await self._next(number, me)) is not None:
            yield answer
            number = answer.sequence
            if self._reader is me:
                await self._note_read(number)

    async def _note_read(self, number: int) -> None:
        async with self._news:
            self._read = number
            self._news.notify_all()

    def _check(self, number: int) -> None:
        if number > self.last:
            raise BadInput(f"`after` is {number}, and the last answer is {self.last}; say which one arrived last.")
        if number < self._dropped:
            raise SessionGone(
                f"Answers up to {self._dropped} are not kept any more, and {number} arrived last; begin anew."
            )

    async def _next(self, number: int, me: object) -> PipelineResponse | None:
        async with self._news:
            await self._news.wait_for(lambda: self.last > number or self._over or self._reader is not me)
            if self._reader is not me:
                raise SessionGone("The stream goes on over another connection, which resumed it; this one ends.")
            if self.last > number:
                return self._kept[number - self._dropped][0]
            if self._error:
                raise self._error
            return None
