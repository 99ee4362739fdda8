"""An open stream's answers, also for the shadows that hear a copy of it. Must not know how a stream is opened."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from gateway.routing.shadow import Shadow


class Answers(Protocol):
    """An open stream's answers."""

    def answers(self) -> AsyncIterator[bytes]:
        """Each answer as it arrives."""

    async def trailers(self) -> dict[str, str]:
        """The trailing metadata, after the last answer."""


class Overheard:
    """An open stream whose answers are also noted for shadows."""

    def __init__(self, exchange: Answers, shadows: Sequence[Shadow]) -> None:
        self._exchange, self._shadows = exchange, shadows

    @property
    def inner(self) -> Answers:
        """The stream without the shadows."""
        return self._exchange

    async def answers(self) -> AsyncIterator[bytes]:
        """Each answer: to the caller first, then to the shadows."""
        async for answer in self._exchange.answers():
            yield answer
            for shadow in self._shadows:
                shadow.compare(answer)
        for shadow in self._shadows:
            shadow.done()

    async def trailers(self) -> dict[str, str]:
        """The trailing metadata, after the last answer."""
        return await self._exchange.trailers()
