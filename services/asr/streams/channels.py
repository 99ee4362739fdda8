"""Several channels of one stream, each recognised by itself. Must not know how a channel is recognised."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from google.protobuf.message import Message

from parley.audio.pcm import Format, apart
from services.asr.streams.recording import RecordingSession
from services.asr.streams.session import AsrSession
from services.asr.utterance import PendingJob, Recognition

OneChannel = AsrSession | RecordingSession


class ChannelsSession:
    """One session a channel; their events carry the channel's number, from 1, as the track."""

    def __init__(self, form: Format, sessions: Sequence[OneChannel]) -> None:
        self._form, self._sessions = form, sessions
        self._working = 0  # the channel whose job was handed out last

    def feed(self, item: bytes) -> Iterator[Message]:
        """More sound of every channel."""
        for n, data in enumerate(apart(item, self._form)):
            yield from _of(n, self._sessions[n].feed(data))

    def flush(self) -> Iterator[Message]:
        """Every channel's utterance ends here."""
        for n, session in enumerate(self._sessions):
            yield from _of(n, session.flush())

    def finish(self) -> Iterator[Message]:
        """Every channel ends here."""
        for n, session in enumerate(self._sessions):
            yield from _of(n, session.finish())

    def next_job(self) -> PendingJob | None:
        """The channels' jobs in turns: one with much to do must not delay the others."""
        count = len(self._sessions)
        for n in (self._working + 1 + step for step in range(count)):
            job = self._sessions[n % count].next_job()
            if job is not None:
                self._working = n % count
                return job
        return None

    def absorb(self, result: Sequence[Recognition]) -> Iterator[Message]:
        """Hands the result to the channel whose job it was."""
        return _of(self._working, self._sessions[self._working].absorb(result))


def _of(channel: int, events: Iterable[Any]) -> Iterator[Message]:
    for event in events:
        event.track = str(channel + 1)
        yield event
