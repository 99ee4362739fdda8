"""Who is let in, and how many. A call is refused at once or not at all. Must not know what callers ask for.

A place is a stream to an engine. A call holds one from its start, and all that it needs once it has said what it wants.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from gateway import metrics
from gateway.access.rate import rate_of
from gateway.config import Limits
from parley.errors import Draining, ParleyError, RateLimited, TooManyStages, TooManyStreams
from parley.wire import protocol
from parley.wire.keys import CLASSES, Key

CLASS = protocol.CLASS  # in the metadata: live or batch


class Admission:
    """Limits the open places, in all and per key; keeps some for live streams; admits none while the gateway drains."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rate = rate_of(limits.rate_per_key, limits.rate_store) if limits.rate_per_key else None
        self._per_key: Counter[str] = Counter()
        self.open = 0
        self._resting = 0  # of them those of conversations in which no pipeline runs
        self.draining = False
        self._ended = asyncio.Event()

    async def empty(self, within_s: float) -> None:
        """Wait until the last open call has ended, for at most `within_s`; conversations may go at any time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.open > self._resting:
                    self._ended.clear()
                    await self._ended.wait()

    async def rate(self, key: Key) -> None:
        """Counts one call of this key; raises RateLimited where that is one too many."""
        if self._rate and (wait_s := await self._rate.wait_s(key.id)):
            error = RateLimited(f"The key {key.name!r} may make {self._limits.rate_per_key} calls.", retry_s=wait_s)
            raise self._shed(error, key.kind)

    @contextmanager
    def place(self, key: Key, kind: str) -> Iterator["Places"]:
        """Counts one place until exit, and what the call takes later; raises where limits or a drain forbid it."""
        places = Places(self, key, kind)
        places.hold(1)
        try:
            yield places
        finally:
            places.hold(0)

    @contextmanager
    def conversation(self, key: Key, kind: str) -> Iterator["Places"]:
        """The same for one that lends its place to one pipeline after the other."""
        with self.place(key, kind) as places:
            self._resting += 1
            try:
                yield places
            finally:
                self._resting -= 1

    def change(self, key: Key, kind: str, held: int, wanted: int) -> None:
        """A call holds so many places and wants so many; refuses more than there are."""
        if wanted > held and (refusal := self._refusal(key, kind, held, wanted)):
            raise self._shed(refusal, kind)
        self.open += wanted - held
        self._per_key[key.id] += wanted - held
        if not self._per_key[key.id]:
            del self._per_key[key.id]
        self._ended.set()

    def _refusal(self, key: Key, kind: str, held: int, wanted: int) -> ParleyError | None:
        limits, more, mine = self._limits, wanted - held, self._per_key[key.id]
        if self.draining:
            return self._going()
        most = limits.streams - (int(limits.streams * limits.for_live) if kind == "batch" else 0)
        own = key.streams or (limits.streams_per_key if key.id else 0)  # without keys nobody is told apart
        one = max(1, min(limits.streams_per_call, most, own or most))
        if wanted > one:
            need = f"This call needs {wanted} streams to engines, and {one} is the most"
            return TooManyStages(f"{need}; ask for fewer translations or channels.")
        if self.open + more > most:
            of_kind = " for batch work" if kind == "batch" else ""
            message = f"{self.open} streams are open, and {most} is the limit{of_kind}; come back."
            return TooManyStreams(message, retry_s=1.0)
        if own and mine + more > own:
            message = f"The key {key.name!r} has {mine} streams open, and {own} is its limit; end some."
            return TooManyStreams(message, retry_s=1.0)
        return None

    def rest(self, more: int) -> None:
        """So many conversations more, or fewer, in which no pipeline runs; while the gateway drains none is begun."""
        if more < 0 and self.draining:
            raise self._shed(self._going(), "")
        self._resting += more
        self._ended.set()

    def _going(self) -> Draining:
        return Draining("This gateway is going away; call again.", retry_s=0.1)

    def _shed(self, error: ParleyError, kind: str) -> ParleyError:
        metrics.SHED.labels(error.reason, kind or "live").inc()
        return error


class Places:
    """The places that one call holds."""

    def __init__(self, admission: Admission, key: Key, kind: str) -> None:
        self._admission, self._key, self._kind, self._held = admission, key, kind, 0

    def hold(self, wanted: int) -> None:
        """Hold so many from now on; raises where there are not so many more, and keeps what it has."""
        self._admission.change(self._key, self._kind, self._held, wanted)
        self._held = wanted

    @contextmanager
    def lent(self) -> Iterator["Places"]:
        """To one pipeline of several that a conversation has one after the other; afterwards it holds one again."""
        self._admission.rest(-1)
        try:
            yield self
        finally:
            self.hold(1)
            self._admission.rest(1)


def kind_of(key: Key, metadata: Mapping[str, str]) -> str:
    """Live or batch, by the key; if it leaves that open, by the call's metadata."""
    kind = key.kind or metadata.get(CLASS, "")
    return kind if kind in CLASSES else CLASSES[0]
