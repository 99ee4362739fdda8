"""What a stage was sent and may have to be sent again, and what it is still to be sent. Bounded. Must not know answers.

Whoever opens a stream to a stage asks for `requests()`; asking again begins with what is kept.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from google.protobuf.message import Message

from gateway.audio.time_scale import Scale
from gateway.config import Keep
from parley.budget import Clock
from parley.v1.asr_pb2 import Transcript
from parley.v1.audio_pb2 import Control, ControlAction

WAITING_MOST = 1 << 19  # bytes not sent yet; then whoever brings more waits
TEXTS_MOST = 64
FLUSH = Control(action=ControlAction.CONTROL_ACTION_FLUSH)
NOTHING = Keep(0, 0.0)


class Tail(ABC):
    """What sound and text share: who sends waits for input, who puts input waits for space."""

    def __init__(self, request: Any, config: Message) -> None:
        self._request, self._config = request, config
        given = (getattr(config, name, "") for name in ("language", "source_language", "target_language"))
        self.languages = tuple(filter(None, given))
        self._news, self._room, self._end = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.taken = 0  # requests

    @property
    @abstractmethod
    def unsent(self) -> int:
        """How much the stage has not taken."""

    @property
    @abstractmethod
    def full(self) -> bool:
        """Whoever puts more must wait."""

    async def until_room(self) -> None:
        """Wait until there is space, or the stage takes nothing any more."""
        if self.full:
            self._room.clear()
            await self._room.wait()

    @property
    def ended(self) -> bool:
        """Nothing comes any more."""
        return self._end.is_set()

    def end(self) -> None:
        """The input ends here."""
        self._end.set()
        self._news.set()

    async def ends_within(self, seconds: float) -> bool:
        """Wait so long, or until the input ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._end.wait()
        return self.ended

    def let_go(self) -> None:
        """Wake whoever waits for space: nothing is taken any more."""
        self._room.set()

    @abstractmethod
    def _next(self) -> Message | None:
        """The next request; None: there is none yet."""

    @abstractmethod
    def _rewind(self) -> None:
        """Begin again with what is kept."""

    async def requests(self) -> AsyncIterator[Message]:
        """The config, what is kept, and what comes."""
        yield self._request(config=self._config)
        self._rewind()
        while True:
            while (request := self._next()) is not None:
                self._room.set()
                self.taken += 1
                yield request
            if self.ended:
                return
            self._news.clear()
            await self._news.wait()


class SoundTail(Tail):
    """Sound, counted in bytes from the stream's start."""

    def __init__(self, request: Any, config: Message, scale: Scale, keep: Keep, clock: Clock = time.monotonic) -> None:
        super().__init__(request, config)
        self.scale, self._piece, self._keep, self._clock = scale, scale.piece, keep, clock
        self._data = bytearray()
        self._flushes: deque[int] = deque()  # behind which bytes
        self._flushed = 0  # how many of them were sent
        self._came: deque[tuple[float, int]] = deque()  # once a second: when the sound up to where came
        self.start = self.sent = self.began = 0  # of what is kept; how far it was sent; where the present stream began

    @property
    def most_kept(self) -> int:
        """Bytes that are kept, at most."""
        return self._keep.bytes

    @property
    def end_at(self) -> int:
        """Where the next byte will be."""
        return self.start + len(self._data)

    @property
    def unsent(self) -> int:
        """How much the stage has not taken."""
        return self.end_at - self.sent

    @property
    def full(self) -> bool:
        """Whoever puts more must wait."""
        return self.unsent >= WAITING_MOST

    def put(self, data: bytes) -> None:
        """More sound."""
        self._data += data
        if self._keep.bytes:
            self._note(self._clock())
        self._news.set()

    def _note(self, now: float) -> None:
        if not self._came or now - self._came[-1][0] >= 1.0:
            self._came.append((now, self.end_at))
        self._drop(now)

    def flush(self) -> None:
        """Ask for all answers at this place; a second time at the same place adds nothing."""
        if not self._flushes or self._flushes[-1] < self.end_at:
            self._flushes.append(self.end_at)
            self._news.set()

    def _drop(self, now: float) -> None:
        """Forget what is too old or too much, but never what was not sent."""
        old = self.end_at - self._keep.bytes
        while self._came and now - self._came[0][0] >= self._keep.seconds:
            old = max(old, self._came.popleft()[1])
        if old > self.start:
            # Services look at blocks of 20 or 32 ms, counted from where an utterance ended.
            whole = 160_000_000  # nanoseconds
            self.commit(self.start + self.scale.size(self.scale.nanoseconds(old - self.start) // whole * whole))

    def commit(self, until: int) -> None:
        """Drops what lies before: it is answered."""
        until = min(until, self.sent)
        if self.start < until:
            del self._data[: until - self.start]
            self.start = until
            while self._flushes and self._flushes[0] < until:
                self._flushes.popleft()
                self._flushed = max(0, self._flushed - 1)

    def skip(self, size: int = 0) -> None:
        """Send nothing of what is kept, nor of the next so many bytes."""
        self.start = self.sent = self.began = self.end_at + size
        self._data.clear()
        self._flushes.clear()
        self._flushed = 0

    def _rewind(self) -> None:
        self.began = self.sent = self.start
        self._flushed = 0

    def _next(self) -> Message | None:
        flush = self._flushes[self._flushed] if self._flushed < len(self._flushes) else self.end_at + 1
        if flush <= self.sent:
            self._flushed += 1
            return self._request(control=FLUSH)  # type: ignore[no-any-return]
        until = min(self.end_at, self.sent + self._piece, flush)
        if until == self.sent:
            return None
        data = bytes(self._data[self.sent - self.start : until - self.start])
        self.sent = until
        if not self._keep.bytes:
            self.commit(until)
        return self._request(audio={"data": data})  # type: ignore[no-any-return]


class TextTail(Tail):
    """Finals, whole; each is kept until its last piece is answered."""

    def __init__(self, request: Any, config: Message) -> None:
        super().__init__(request, config)
        self.pending: deque[Transcript] = deque()
        kind = request.DESCRIPTOR.fields_by_name["text"].message_type
        # Where nobody says which language the words are in, the one that was heard is known best.
        self._names_language = "language" in kind.fields_by_name and not getattr(config, "source_language", "")
        self._names_speaker = "speaker" in kind.fields_by_name
        self._sent = 0
        self._flush = False

    @property
    def unsent(self) -> int:
        """How much the stage has not taken."""
        return len(self.pending) - self._sent

    @property
    def full(self) -> bool:
        """Whoever puts more must wait."""
        return self.unsent >= TEXTS_MOST

    def put(self, final: Transcript) -> None:
        """One more text."""
        self.pending.append(final)
        self._news.set()

    def answered(self, source_text: str) -> Transcript:
        """Take a piece that was answered off the oldest text; returns that text."""
        final = self.pending[0]
        if rest := final.text[len(source_text) :]:
            self.pending[0] = Transcript(
                text=rest, interval=final.interval, speaker=final.speaker, language=final.language
            )
        else:
            self.pending.popleft()
            self._sent -= 1
        return final

    def skip(self) -> None:
        """Send none of them."""
        self.pending.clear()
        self._sent, self._flush = 0, False

    def _rewind(self) -> None:
        self._sent, self._flush = 0, False

    def _next(self) -> Message | None:
        if self._flush:
            self._flush = False
            return self._request(control=FLUSH)  # type: ignore[no-any-return]
        if not self.unsent:
            return None
        final, self._flush = self.pending[self._sent], True
        self._sent += 1
        known = {"language": final.language} if self._names_language else {}
        known |= {"speaker": final.speaker} if self._names_speaker else {}
        return self._request(text={"text": final.text, **known})  # type: ignore[no-any-return]
