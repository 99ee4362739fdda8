"""Who listens to which call: what is said in one goes to everybody who listens. Must not know what is said, nor HTTP.

A call is known by its name and by whose API key it is, so nobody finds a stranger's. Whoever comes before it begins
waits for it; whoever comes later is told first what was said. Who does not read is sent away, and never waited for.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager

from parley.errors import NotFound, Overloaded, TooManyStreams
from parley.wire.keys import Key

Event = Mapping[str, object]
LISTENERS_MOST = 1000  # of all calls
BEHIND_MOST = 256  # events that one has not read
KEPT = 200  # events of a call that are told to who comes later; interims are not among them
WAIT_S = 30.0  # for a call to begin


class SlowListener(Overloaded):
    """Somebody listens, and does not read."""

    reason = "SLOW_LISTENER"


class Listener:
    """One who hears of a call."""

    def __init__(self, said: list[Event]) -> None:
        self._said, self._coming = said, asyncio.Queue[Event | None](BEHIND_MOST + 1)
        self._is_late = False

    def tell(self, event: Event | None) -> None:
        """One more event; None: the last one was."""
        if self._coming.qsize() >= BEHIND_MOST:
            self._is_late = True
        else:
            self._coming.put_nowait(event)

    async def events(self) -> AsyncGenerator[Event]:
        """What was said, and what is, until the call is over."""
        for said in self._said:
            yield said
        while (event := await self._coming.get()) is not None:
            if self._is_late:
                raise SlowListener(
                    f"More than {BEHIND_MOST} events were not read; listen again, and read.", retry_s=1.0
                )
            yield event


class Room:
    """One call."""

    def __init__(self) -> None:
        self._said = deque[Event](maxlen=KEPT)
        self._listeners: set[Listener] = set()
        self._number = 0
        self.streams = 0
        self.begun = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        """Whether nobody speaks or listens here."""
        return not (self.streams or self._listeners)

    def tell(self, event: Event, *, keep: bool = True) -> Event:
        """To everybody, with its number; waits for nobody."""
        self._number += 1
        numbered = {**event, "number": self._number}
        if keep:
            self._said.append(numbered)
        for listener in self._listeners:
            listener.tell(numbered)
        return numbered

    def over(self) -> None:
        """The call has ended."""
        for listener in self._listeners:
            listener.tell(None)

    @contextmanager
    def heard(self) -> Iterator[Listener]:
        """One more listener."""
        listener = Listener(list(self._said))
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)


class Rooms:
    """Every call that goes on or is waited for."""

    def __init__(self, listeners_per_key: int) -> None:
        self._per_key = listeners_per_key
        self._rooms: dict[tuple[str, str], Room] = {}
        self._listeners: deque[str] = deque()  # the key of each

    @contextmanager
    def call(self, owner: str, name: str) -> Iterator[Room]:
        """One stream of sound of a call, of which there may be several at a time."""
        room = self._rooms.setdefault((owner, name), Room())
        room.streams += 1
        room.begun.set()
        try:
            yield room
        finally:
            room.streams -= 1
            if not room.streams:
                room.over()
                self._rooms.pop((owner, name), None)

    async def listen(self, key: Key, name: str) -> AsyncGenerator[Event]:
        """Every event of a call of this key, until it is over."""
        with self._seat(key), self._room(key.id, name) as room, room.heard() as listener:
            try:
                async with asyncio.timeout(WAIT_S):
                    await room.begun.wait()
            except TimeoutError:
                raise NotFound(f"No call {name[:80]!r} of this key goes on, and none began in {WAIT_S:g} s.") from None
            async for event in listener.events():
                yield event

    @contextmanager
    def _room(self, owner: str, name: str) -> Iterator[Room]:
        room = self._rooms.setdefault((owner, name), Room())
        try:
            yield room
        finally:
            if room.is_empty and self._rooms.get((owner, name)) is room:
                del self._rooms[owner, name]

    @contextmanager
    def _seat(self, key: Key) -> Iterator[None]:
        most = min(LISTENERS_MOST, (self._per_key if key.id else 0) or LISTENERS_MOST)
        if len(self._listeners) >= LISTENERS_MOST or self._listeners.count(key.id) >= most:
            raise TooManyStreams(f"{most} listen already, which is the limit; end some.", retry_s=1.0)
        self._listeners.append(key.id)
        try:
            yield
        finally:
            self._listeners.remove(key.id)
