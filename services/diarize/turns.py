"""Who spoke when, as turns that are reported and revised. Pure: stretches of speech in, messages out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from parley.audio.pcm import RATE_HZ, interval
from parley.v1.diarize_pb2 import Revision, Turn

PAUSE = round(0.3 * RATE_HZ)  # samples: a breath, which ends no turn


@dataclass
class Draft:
    """One person speaking."""

    voice: int
    start: int
    end: int
    alike: float = 0.0  # likeness times samples
    heard: int = 0  # samples
    number: int = 0
    is_open: bool = True

    def goes_on(self, voice: int, start: int) -> bool:
        """More of the same."""
        return self.is_open and voice == self.voice and start - self.end <= PAUSE

    def extend(self, start: int, end: int, likeness: float) -> None:
        """Add a stretch of speech."""
        self.end = max(self.end, end)
        self.alike += likeness * (end - start)
        self.heard += end - start


class Drafts:
    """Stretches of speech -> turns. A turn ends with a pause, or when somebody begins after it; not when beside it."""

    def __init__(self, drafts: Iterable[Draft] = ()) -> None:
        self.all = list(drafts)
        self.open = [draft for draft in self.all if draft.is_open]

    def speak(self, voice: int, start: int, end: int, likeness: float) -> list[Draft]:
        """A stretch of speech; the turns that it ends."""
        own = next((draft for draft in self.open if draft.goes_on(voice, start)), None)
        silence = 0 if own is None else PAUSE + 1
        closed = self._close(lambda draft: draft is not own and start - draft.end >= silence)
        if own is None:
            own = Draft(voice, start, end)
            self.all.append(own)
            self.open.append(own)
        own.extend(start, end, likeness)
        return closed

    def close(self, known_to: float = inf) -> list[Draft]:
        """Whoever has said nothing for a breath up to there has ended."""
        return self._close(lambda draft: known_to - draft.end > PAUSE)

    def _close(self, ends: Callable[[Draft], bool]) -> list[Draft]:
        closed = [draft for draft in self.open if ends(draft)]
        for draft in closed:
            draft.is_open = False
        self.open = [draft for draft in self.open if draft.is_open]
        return closed


class Turns:
    """The turns of a stream, in order; a turn keeps its number whatever is found out later."""

    def __init__(self, name: Callable[[int], str]) -> None:
        self._name = name
        self._drafts = Drafts()
        self._reported: dict[int, Turn] = {}
        self._given = 0

    def speak(self, voice: int, start: int, end: int, likeness: float) -> list[Turn]:
        """A stretch of speech; the turns that it ends."""
        closed = self._drafts.speak(voice, start, end, likeness)
        newest = self._drafts.all[-1]
        if not newest.number:
            self._given += 1
            newest.number = self._given
        return self._report(closed)

    def close(self, known_to: float = inf) -> list[Turn]:
        """Whoever has said nothing for a breath up to there has ended."""
        return self._report(self._drafts.close(known_to))

    def _report(self, closed: list[Draft]) -> list[Turn]:
        found = {draft.number: self._turn(draft) for draft in closed}
        self._reported |= found
        return list(found.values())

    def open(self) -> list[Turn]:
        """The turns that still last."""
        return [self._turn(draft) for draft in self._drafts.open]

    def revise(self, drafts: list[Draft], *, is_whole: bool = False) -> list[Revision]:
        """What holds now; told is what has changed, and in the end everything."""
        for draft, number in zip(drafts, _numbers(self._drafts.all, drafts), strict=True):
            self._given += not number
            draft.number = number or self._given
        before, self._drafts = self._reported, Drafts(drafts)
        self._reported = {draft.number: self._turn(draft) for draft in drafts if not draft.is_open}
        fresh = [turn for number, turn in self._reported.items() if is_whole or _differ(turn, before.get(number))]
        gone = [turn.id for number, turn in before.items() if number not in self._reported]
        return [Revision(turns=fresh, withdrawn_ids=gone, is_whole=is_whole)] if fresh or gone else []

    def _turn(self, draft: Draft) -> Turn:
        return Turn(
            id=f"t{draft.number}",
            speaker=self._name(draft.voice),
            interval=interval(draft.start, draft.end),
            confidence=max(0.0, min(1.0, draft.alike / draft.heard)),
            is_open=draft.is_open,
        )


def drafts_of(spoken: Iterable[tuple[int, int, int, float, float]]) -> list[Draft]:
    """Voice, start, end, likeness, what was known by then -> turns in order; open are those that may go on."""
    drafts = Drafts()
    for voice, start, end, likeness, known_to in spoken:
        drafts.speak(voice, start, end, likeness)
        drafts.close(known_to)
    return sorted(drafts.all, key=lambda draft: draft.start)


def _numbers(before: list[Draft], now: list[Draft]) -> list[int]:
    """Each turn's number: that of the turn before with which it shares most; zero: a new one."""
    shared, first = [], 0
    before = sorted(before, key=lambda draft: draft.start)
    for place, draft in enumerate(now):
        while first < len(before) and before[first].end <= draft.start:
            first += 1
        for other in before[first:]:
            if other.start >= draft.end:
                break
            if other.is_open == draft.is_open and other.end > draft.start:
                shared.append((min(draft.end, other.end) - max(draft.start, other.start), -place, other.number))
    numbers, taken = [0] * len(now), set()
    for _, place, number in sorted(shared, reverse=True):
        if not numbers[-place] and number not in taken:
            numbers[-place] = number
            taken.add(number)
    return numbers


def _differ(turn: Turn, before: Turn | None) -> bool:
    return before is None or (turn.speaker, turn.interval) != (before.speaker, before.interval)
