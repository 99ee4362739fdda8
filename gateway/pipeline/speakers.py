"""Who spoke when, as far as it is known; puts speakers to words. Must not know a stage."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import groupby

from parley.v1.asr_pb2 import Transcript, Word
from parley.v1.audio_pb2 import Interval
from parley.v1.diarize_pb2 import Revision, Turn

WAIT_S = 0.5  # how long a final waits to learn who spoke
NEAR_S = 1.0  # a word outside every turn belongs to one that is this close
Times = tuple[float, float]


class Speakers:
    """The turns of one stream."""

    def __init__(self) -> None:
        self._turns: dict[str, tuple[Times, str]] = {}
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Wakes whoever waits for turns: there are more, or none will come."""
        self._changed.set()

    async def known(self, interval: Interval, are_heard: Callable[[], bool]) -> None:
        """Wait up to WAIT_S until turns reach nearly to its end: they come a little later than words."""
        start, end = times(interval)
        until_s = end - min(0.5, (end - start) / 2)
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while are_heard() and self.known_until < until_s:
                    self._changed.clear()
                    await self._changed.wait()

    @property
    def known_until(self) -> float:
        """Seconds from the stream's start up to which speakers are known."""
        return max((end for (_, end), _ in self._turns.values()), default=0.0)

    def hear(self, turn: Turn) -> None:
        """A new turn, or a longer one."""
        self._turns[turn.id] = times(turn.interval), turn.speaker
        self.changed()

    def revise(self, revision: Revision) -> None:
        """Earlier turns have changed."""
        for turn_id in revision.withdrawn_ids:
            self._turns.pop(turn_id, None)
        for turn in revision.turns:
            self.hear(turn)
        self.changed()

    def who(self, interval: Interval) -> str:
        """The speaker of most of it, else the nearest one; empty: nobody near."""
        start, end = times(interval)
        overlap = {who: 0.0 for _, who in self._turns.values()}
        for (from_s, to_s), who in self._turns.values():
            overlap[who] += max(0.0, min(end, to_s) - max(start, from_s))
        best = max(overlap, key=lambda who: overlap[who], default="")
        return best if best and overlap[best] > 0 else self._near(start, end)

    def _near(self, start: float, end: float) -> str:
        gaps = [(max(from_s - end, start - to_s), who) for (from_s, to_s), who in self._turns.values()]
        gap, who = min(gaps, default=(NEAR_S, ""))
        return who if gap < NEAR_S else ""

    def label(self, final: Transcript) -> None:
        """Put a speaker to every word, and to the whole where one person said all of it."""
        for word in final.words:
            word.speaker = self.who(word.interval)
        final.speaker = _one(word.speaker for word in final.words) if final.words else self.who(final.interval)


def by_speaker(final: Transcript) -> Iterator[Transcript]:
    """A labelled final, cut where another person speaks."""
    turns = [list(words) for _, words in groupby(final.words, lambda word: word.speaker)]
    if len(turns) > 1:
        yield from (_part(final, words) for words in turns)
    elif final.text.strip():
        yield final


def _part(final: Transcript, words: Sequence[Word]) -> Transcript:
    part = Transcript()
    part.CopyFrom(final)
    del part.words[:]
    part.words.extend(words)
    part.text, part.speaker = " ".join(word.text for word in words), words[0].speaker
    part.interval.CopyFrom(Interval(start=words[0].interval.start, end=words[-1].interval.end))
    return part


def _one(speakers: Iterable[str]) -> str:
    different = set(speakers)
    return different.pop() if len(different) == 1 else ""


def times(interval: Interval) -> Times:
    """Seconds from the stream's start."""
    start: timedelta = interval.start.ToTimedelta()
    end: timedelta = interval.end.ToTimedelta()
    return start.total_seconds(), end.total_seconds()
