"""One stream of sound of a call, with its sides, from its first sound to its last words. Must not know who carries it.

Who carries it reads it (`Read`) and says how it ended. Its sides are tasks of one group: an error of one ends all. What
was said before a hang-up is answered after it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from gateway.calls.options import CallOptions, heard
from gateway.calls.track import Hearing, Tell, Track
from gateway.config import Limits
from gateway.core import Caller, Core
from gateway.pipeline.merge import first
from parley.errors import BadInput, DeadlinePassed, Draining, ParleyError
from parley.v1.audio_pb2 import AudioFormat
from parley.wire import protocol

LAST_WORDS_S = 30.0  # how long the last words may take
HIDDEN = "[DIGIT]"  # of a keypad, where something is to be hidden: people type numbers of cards
STOP, HANG_UP = "STOP", "HANG_UP"  # how a call ends
Read = Callable[["Call"], Coroutine[Any, Any, str]]  # hands on what comes, and says how it ended


@dataclass(frozen=True)
class CallStart:
    """What is known of a stream when it begins."""

    call: str  # its name
    stream: str
    tracks: tuple[str, ...]
    tolerance_ms: int


class Call:
    """What who carries a call may do with it."""

    def __init__(
        self, start: CallStart, options: CallOptions, core: Core, caller: Caller, limits: Limits, tell: Tell
    ) -> None:
        self._start, self._options, self._tell = start, options, tell
        self._core, self._caller, self._limits = core, caller, limits
        self._tracks: dict[str, Track] = {}
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._warned = False

    async def hear(self, name: str, form: AudioFormat, at_ms: int | None, data: bytes) -> None:
        """Sound of one side, and when it began, where that is known; waits while the core is behind."""
        track = self._tracks.get(name) or self._begun(name, form)
        if track.form != form:
            raise BadInput("The format changes in the middle of the call; begin another stream.")
        await track.hear(at_ms, data)

    def _begun(self, name: str, form: AudioFormat) -> Track:
        config, start = heard(self._options, form), self._start
        hearing = Hearing(self._core, self._caller, config, start.tolerance_ms, self._limits.sound_s)
        track = self._tracks[name] = Track(name, hearing, self._tell)
        self._tasks.append(self._group.create_task(track.run()))
        return track

    def digit(self, name: str, digit: str) -> None:
        """Somebody presses a key."""
        shown = HIDDEN if self._options.config.redact else digit
        self._tell({"type": "dtmf", "track": name, "digit": shown, "at": self._now()})

    def strange(self, event: str) -> None:
        """Who carries the call says what nobody knows; it goes on, and once is enough to say so."""
        if self._warned:
            return
        self._warned = True
        message = f"Messages such as {event[:40]!r} are not known here and not heeded."
        self._tell({"type": "notice", "stage": "", "reason": "UNKNOWN_MESSAGE", "message": message, "track": ""})

    async def run(self, read: Read, closing: asyncio.Event) -> None:
        """Everything from here to the last words; those come too where the gateway goes away."""
        start, ignored = self._start, list(self._options.ignored)
        self._tell({"type": "call_started", "tracks": list(start.tracks), "ignored": ignored})
        reason, message = Draining.reason, "The gateway goes away."
        try:
            async with self._group:
                reason, message = await self._heard(read, closing), ""
        except BaseExceptionGroup as many:
            error = protocol.public(first(many), "the gateway")
            reason, message = error.reason, str(error)
            raise error from None
        finally:
            self._tell({"type": "call_ended", "reason": reason, "message": message, "at": self._now()})

    async def _heard(self, read: Read, closing: asyncio.Event) -> str:
        broken: ParleyError | None = None
        ended_by = ""
        try:
            ended_by = await self._read(read, closing)
        except ParleyError as error:  # what was said before is answered all the same
            broken = error
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                for track in self._tracks.values():
                    await track.end()
                await asyncio.gather(*self._tasks)
        except TimeoutError:
            raise DeadlinePassed(f"The last words took longer than {LAST_WORDS_S:g} s.") from None
        if broken:
            raise broken
        if not ended_by:
            raise Draining("This gateway is going away; call again.", retry_s=1.0)
        return ended_by

    async def _read(self, read: Read, closing: asyncio.Event) -> str:
        """How the call ended; empty: it has not."""
        reading, waiting = asyncio.create_task(read(self)), asyncio.create_task(closing.wait())
        try:
            await asyncio.wait((reading, waiting), return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else ""
        finally:
            reading.cancel()
            waiting.cancel()
            await asyncio.gather(reading, waiting, return_exceptions=True)

    def _now(self) -> str:
        """In the call's clock, as Protobuf writes durations in JSON."""
        return f"{max((track.now_ns for track in self._tracks.values()), default=0) / 1e9:.3f}s"
