"""Streams recordings one after the other, as fast as they are spoken, over any API."""

from typing import Protocol

from loadtest.clients.apis.hearing import Hearing
from loadtest.measured.clips import Clip
from loadtest.measured.hdr import Book
from loadtest.measured.measures import Measures
from loadtest.measured.samples import Samples


class StreamClient(Protocol):
    """Carries a recording to a server and hears its answers."""

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One stream, paced from when it is due; None: as fast as it is taken."""

    async def close(self) -> None:
        """Hang up."""


class LiveClient:
    """An API for live streams."""

    def __init__(self, stream: StreamClient, clips: list[Clip], samples: Samples, held_ms: float = 0.0) -> None:
        self._stream, self._clips, self._samples, self._held_ms = stream, clips, samples, held_ms
        self._rest: dict[str, Hearing] = {}

    async def calm(self) -> None:
        """What each recording gives when there is time."""
        for clip in self._clips:
            hearing = Hearing(clip, 0.0, Book(Measures(), 0.0))
            await self._stream.talk(clip, hearing, None)
            self._rest[clip.name] = hearing

    def lasts(self, n: int) -> float:
        """As long as the recording."""
        return self._clips[n % len(self._clips)].seconds

    async def call(self, n: int, due: float, book: Book) -> None:
        """One recording."""
        clip = self._clips[n % len(self._clips)]
        rest = self._rest[clip.name]
        hearing = Hearing(clip, due, book, self._held_ms, rest.text or None)
        try:
            await self._stream.talk(clip, hearing, due)
        except BaseException:
            hearing.broken()
            raise
        hearing.end()
        self._samples.keep(clip, hearing.text, rest.text)
        self._samples.keep_sound(clip, bytes(hearing.audio), bytes(rest.audio))

    async def close(self) -> None:
        """Hang up."""
        await self._stream.close()
