"""Sound on its way back, held until it is known what was said in it. Must not know how that is found out.

Fails closed: what nobody may hear is covered, and so is sound of which nobody will know, or not soon enough.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.audio import tone
from gateway.config import LARGEST_CHUNK
from gateway.pipeline.plan import Plan
from parley.v1.pipeline_pb2 import RedactSound

MARGIN_NS = 250_000_000  # around what is hidden: a recogniser hears where words begin and end no better
FOREVER = 1 << 62
Give = Callable[[bytes], Awaitable[None]]


@dataclass
class Cover:
    """What is heard between two bytes instead of what was said there."""

    start: int
    end: int
    pattern: bytes


@dataclass(frozen=True)
class Piece:
    """Some sound of the stream or of a track beside it, where it lies in the stream, and how it is given."""

    track: str
    start: int
    data: bytes
    give: Give

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.data)


class HeldSound:
    """The sound of one stream, of one channel, in bytes from its first."""

    def __init__(self, plan: Plan, most: int, tell: Callable[[int], Awaitable[None]]) -> None:
        form, how = plan.config.format, plan.config.redact_sound
        self._scale, self._most, self._tell = plan.scale, most, tell
        self._silence = tone.silence(form)
        self._pattern = tone.tone(form) if how == RedactSound.REDACT_SOUND_TONE else self._silence
        self._pieces, self._size = deque[Piece](), 0
        self._covers: list[Cover] = []
        self._silent = Cover(0, 0, self._silence)  # the last one that nobody knew of
        self._given = {"": 0} if plan.to_client else {}  # how far each track was
        self._known = 0  # what was said before this is known, or never will be
        self._order = asyncio.Lock()

    async def take(self, track: str, end: int, data: bytes, give: Give) -> None:
        """More of it; `track` is empty for the sound that has no name."""
        self._given.setdefault(track, 0)
        self._pieces.append(Piece(track, end - len(data), data, give))
        self._size += len(data)
        if self._size > self._most:
            await self.unknown(self._pieces[0].end)
        else:
            await self._release()

    def hide(self, start_ns: int, end_ns: int) -> None:
        """What was said there is not to be heard, nor a little around it."""
        start, end = self._scale.size(max(0, start_ns - MARGIN_NS)), self._scale.size(end_ns + MARGIN_NS)
        # Another track may begin with what one has given already, but with no more of it than a piece.
        old = min(self._given.values(), default=0) - LARGEST_CHUNK
        self._covers = [each for each in self._covers if each.end > old]
        self._covers.append(Cover(start, end, self._pattern))

    async def known(self, until_ns: int) -> None:
        """What was said up to there is known, and hidden where it must be."""
        self._known = max(self._known, self._scale.size(until_ns))
        await self._release()

    async def unknown(self, until: int = FOREVER) -> None:
        """Nobody will know in time what was said from where it is known up to there."""
        if until <= self._known:
            return
        start, self._known = self._known, until
        if self._silent.end == start > 0:
            self._silent.end = until
        else:
            self._silent = Cover(start, until, self._silence)
            self._covers.append(self._silent)
            await self._tell(self._scale.nanoseconds(start))
        await self._release()

    async def heard_from(self, start: int) -> None:
        """Somebody listens again, from there on."""
        if self._silent.end == FOREVER:
            self._silent.end = self._known = start
        else:
            await self.unknown(start)

    async def end(self) -> None:
        """All that is to be hidden is known."""
        self._known = FOREVER
        await self._release()

    async def _release(self) -> None:
        async with self._order:
            while self._pieces and self._pieces[0].end <= self._known:
                piece = self._pieces.popleft()
                self._size -= len(piece.data)
                self._given[piece.track] = piece.end
                await piece.give(self._covered(piece))

    def _covered(self, piece: Piece) -> bytes:
        data = bytearray(piece.data)
        for cover in self._covers:
            start, end = max(cover.start, piece.start), min(cover.end, piece.end)
            if start < end:
                data[start - piece.start : end - piece.start] = tone.laid(cover.pattern, start, end)
        return bytes(data)

    def forget(self) -> None:
        """Frees the sound now instead of at the next garbage collection."""
        self._pieces.clear()
