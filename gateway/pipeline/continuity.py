"""The answers of one replica after another become one stream's: in its own time, each given once.

Which rule holds for a stage stands in its proto. Must not know how a replica is found, nor who reads the answers.
"""

from typing import Any, Protocol

from google.protobuf.message import Message

from gateway.pipeline.tail import SoundTail
from parley.wire.stages import StageContract
from parley.wire.times import shift

NEAR_NS = 20_000_000  # two times that are closer are the same


class Continuity(Protocol):
    """One rule, for one stream."""

    @property
    def lost_from(self) -> int | None:
        """Where, in nanoseconds, that begins which can neither be waited for nor sent again; None: nothing is lost."""

    def reopened(self) -> None:
        """Another replica begins."""

    def place(self, kind: str, event: Any) -> Message | None:
        """The event in the stream's own time; None: it was given before."""


def continuity_of(stage: StageContract, tail: SoundTail, config: Any) -> Continuity:
    """The rule that a stage's proto names."""
    if stage.gives_words:
        return WordContinuity(tail)
    if stage.gives_turns:
        return TurnContinuity(tail, {each.name for each in getattr(config, "enrolments", ())})
    return TimeContinuity(tail)


class TimeContinuity:
    """Nothing but times connects the answers."""

    lost_from = None

    def __init__(self, tail: SoundTail) -> None:
        self._tail = tail

    def reopened(self) -> None:
        """The times of the next replica's answers count from where it began."""

    def place(self, kind: str, event: Any) -> Message:
        """The event in the stream's own time."""
        if self._tail.began:
            shift(event, self._tail.scale.nanoseconds(self._tail.began))
        return event  # type: ignore[no-any-return]


class WordContinuity:
    """Transcripts: finals by their place in the sound, committed text kept."""

    def __init__(self, tail: SoundTail) -> None:
        self._tail = tail
        # At 0 nothing was said before.
        self._committed = self._started = self._ended = self._answered = -1 - NEAR_NS
        self._promised = self._owed = ""
        self._spoken: int | None = None  # where speech began that no final has covered yet
        self._again = False  # what was said may come once more

    @property
    def lost_from(self) -> int | None:
        """Where speech began that can neither be waited for nor sent again."""
        gone = self._spoken is not None and self._spoken < self._at(self._tail.start) - NEAR_NS
        return self._spoken if gone else None

    def reopened(self) -> None:
        """Another replica hears what is kept; what was promised stays."""
        self._owed, self._again = self._promised, True

    def _at(self, size: int) -> int:
        return self._tail.scale.nanoseconds(size)

    def place(self, kind: str, event: Any) -> Message | None:
        """The event in the stream's own time; None: it was said before."""
        if self._tail.began:
            shift(event, self._at(self._tail.began))
        if kind == "transcript":
            return self._final(event) if event.is_final else self._interim(event)
        said = {"speech_started": self._start, "speech_ended": self._end, "answered": self._all_answered}.get(kind)
        return said(event) if said else event

    def _final(self, event: Any) -> Message | None:
        end = event.interval.end.ToNanoseconds()
        if self._again and end <= self._committed + NEAR_NS:
            return None
        self._committed, self._promised, self._owed = end, "", ""
        if not event.goes_on:  # else it is cut like this only by who hears all of its window
            self._spoken = None
            self._tail.commit(self._tail.scale.size(end))
        return event  # type: ignore[no-any-return]

    def _interim(self, event: Any) -> Message | None:
        if not event.text.startswith(self._owed):
            return None  # the new replica is not as far as the old one was
        event.committed_characters = max(event.committed_characters, len(self._owed))
        self._promised = event.text[: event.committed_characters]
        return event  # type: ignore[no-any-return]

    def _start(self, event: Any) -> Message | None:
        at = event.at.ToNanoseconds()
        if at <= self._started + NEAR_NS:
            return None
        self._started, self._promised, self._owed = at, "", ""
        self._spoken = at if self._spoken is None else self._spoken
        return event  # type: ignore[no-any-return]

    def _end(self, event: Any) -> Message | None:
        at = event.at.ToNanoseconds()
        if at <= self._ended + NEAR_NS:
            return None
        self._ended = at
        return event  # type: ignore[no-any-return]

    def _all_answered(self, event: Any) -> Message | None:
        at = event.at.ToNanoseconds()
        if at <= self._answered:
            return None
        self._answered = at
        return event  # type: ignore[no-any-return]


class TurnContinuity:
    """Turns and revisions: a new replica knows nobody, so its numbers are new ones."""

    lost_from = None

    def __init__(self, tail: SoundTail, names: set[str]) -> None:
        self._tail, self._names = tail, names  # of enrolled voices, which every replica knows
        self._before = 0

    def reopened(self) -> None:
        """Another replica begins to listen here."""
        self._before += 1

    def place(self, kind: str, event: Any) -> Message:
        """The event in the stream's own time, with names that nobody else has."""
        if self._before and kind in ("turn", "revision"):
            self._rename([event] if kind == "turn" else event.turns)
            if kind == "revision":
                event.withdrawn_ids[:] = [self._own(each) for each in event.withdrawn_ids]
                event.is_whole = False  # what the replicas before said still holds
        return event  # type: ignore[no-any-return]

    def _rename(self, turns: Any) -> None:
        for turn in turns:
            turn.id = self._own(turn.id)
            turn.speaker = turn.speaker if turn.speaker in self._names else self._own(turn.speaker)
            shift(turn, self._tail.scale.nanoseconds(self._tail.began))

    def _own(self, name: str) -> str:
        return f"{name}-{self._before + 1}"
