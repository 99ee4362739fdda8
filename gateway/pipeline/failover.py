"""A stage's stream goes on with another replica: what it says is put into the stream's own time, and said once.

Must not know how a replica is found, nor who listens.
"""

import time
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from gateway.config import FailoverConfig
from gateway.pipeline.tail import SoundTail
from gateway.replicas.retry import pause_s
from parley.budget import Clock
from parley.v1.audio_pb2 import Interval

NEAR_NS = 20_000_000  # two times that are closer are the same


class Patience:
    """Whether a stage is opened anew, and when."""

    def __init__(self, config: FailoverConfig, clock: Clock = time.monotonic) -> None:
        self._config, self._clock = config, clock
        self._since: float | None = None
        self._tries = self._lost = 0

    @property
    def waiting(self) -> bool:
        """An outage is going on."""
        return self._tries > 0

    def pause_s(self, opened: bool, *, asked: bool = False, full: bool = False) -> float | None:
        """After one more failure of a stream that had opened, or not: how long to wait; None: give up.

        Who was asked to go elsewhere has not lost a replica: in a long silence that may happen any number of times.
        """
        self._since = self._clock() if self._since is None or opened else self._since
        self._lost += opened and not asked
        left = (self._config.room_s if full else self._config.wait_s) - (self._clock() - self._since)
        if left <= 0 or self._lost > self._config.most:
            return None
        self._tries += 1
        return 0.0 if self._tries == 1 else min(left, pause_s(0.1, self._tries - 2))

    def opened(self) -> None:
        """A replica took the stream."""
        self._tries = 0

    def worked(self) -> None:
        """It said something that lasts."""
        self._lost = 0


class Words:
    """What asr says: finals by their place in the sound, promises kept."""

    def __init__(self, tail: SoundTail) -> None:
        self._tail = tail
        self._committed = self._started = self._ended = -1 - NEAR_NS  # at 0 nothing was said before
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

    def say(self, kind: str, event: Any) -> Message | None:
        """The event in the stream's own time; None: it was said before."""
        if self._tail.began:
            shift(event, self._at(self._tail.began))
        if kind == "transcript":
            return self._final(event) if event.is_final else self._interim(event)
        if kind == "speech_started":
            return self._start(event)
        return self._end(event) if kind == "speech_ended" else event

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


class Turns:
    """What diarize says: a new replica knows nobody, so its numbers are new ones."""

    def __init__(self, tail: SoundTail, names: set[str]) -> None:
        self._tail, self._names = tail, names  # of enrolled voices, which every replica knows
        self._before = 0

    def reopened(self) -> None:
        """Another replica begins to listen here."""
        self._before += 1

    def say(self, kind: str, event: Any) -> Message:
        """The event in the stream's own time, with names that nobody else has."""
        if self._before:
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


def shift(event: Any, nanoseconds: int) -> None:
    """Move every time in an event."""
    if event.DESCRIPTOR.name in ("SpeechStarted", "SpeechEnded"):
        _move(event.at, nanoseconds)
        return
    for interval in (event.interval, *(word.interval for word in getattr(event, "words", ()))):
        _move(interval.start, nanoseconds)
        _move(interval.end, nanoseconds)


def _move(moment: Duration, nanoseconds: int) -> None:
    moment.FromNanoseconds(moment.ToNanoseconds() + nanoseconds)


def since(nanoseconds: int) -> Interval:
    """From there on."""
    interval = Interval()
    interval.start.FromNanoseconds(nanoseconds)
    return interval
