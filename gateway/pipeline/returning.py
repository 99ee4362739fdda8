"""Sound that comes back later than it could: when the stage that gives words has said what was said in it.

Must not know how sound is held, nor what is hidden in it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from gateway.pipeline import notices
from gateway.pipeline.branch import Branch
from gateway.pipeline.filters import Filter
from gateway.pipeline.held_sound import HeldSound
from gateway.pipeline.plan import Plan
from gateway.pipeline.tail import SoundTail
from parley.v1.audio_pb2 import Track
from parley.v1.pipeline_pb2 import Notice
from parley.wire.pipeline import stage_event

Say = Callable[..., Awaitable[None]]
Tell = Callable[[Notice], Awaitable[None]]


class Returning:
    """What becomes of one pipeline's sound, by what its words' stage says and what happens to it."""

    def __init__(self, plan: Plan, words: Branch | None, say: Say, notice: Tell) -> None:
        assert words is not None  # a plan without words is refused
        assert isinstance(words.tail, SoundTail)
        self._plan, self._words, self._tail, self._say, self._notice = plan, words, words.tail, say, notice
        self._held = HeldSound(plan, words.tail.most_kept, self._silent)
        self.forget = self._held.forget

    async def _silent(self, at_ns: int) -> None:
        await self._notice(notices.silent(self._words.stage, at_ns))

    async def sound(self, of: Filter, data: bytes) -> None:
        """What the last filter has made."""

        async def give(shown: bytes) -> None:
            await self._say(audio={"data": shown})

        await self._held.take("", of.given, data, give)

    async def track(self, of: Filter, kind: str, track: Track) -> None:
        """What a filter has made beside its own sound."""

        async def give(shown: bytes) -> None:
            track.audio.data = shown
            await self._say(stage_event=stage_event(of.branch.stage.name, kind, track))

        await self._held.take(track.name, of.given, track.audio.data, give)

    async def hears(self, kind: str, event: Any) -> bool:
        """Something is known of what was said; False: nobody else has asked for this event."""
        if kind == "answered":
            await self._held.known(event.at.ToNanoseconds())
            return bool(self._plan.config.asr.report_answered)
        if kind == "transcript" and event.is_final and self._plan.redaction:
            for span in self._plan.redaction.times_ns:
                self._held.hide(*span)
        return True

    async def opened(self) -> None:
        """A replica hears what is kept."""
        await self._held.heard_from(self._tail.start)

    async def lost(self) -> None:
        """No replica hears anything."""
        await self._held.unknown()

    async def over(self) -> None:
        """No more words come: all have, if nothing went wrong."""
        await (self._held.end() if self._tail.ended and not self._words.given_up else self._held.unknown())
