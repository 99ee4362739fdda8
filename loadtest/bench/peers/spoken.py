"""People who speak to a server at the pace of speech: how late the last final is, and what all of them say."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.apis.live import StreamClient
from loadtest.clients.pace import until
from loadtest.measured.clips import Clip
from loadtest.measured.hdr import Book
from loadtest.measured.measures import Measures
from loadtest.measured.words import error_rate
from loadtest.promises import TTFS

PATIENCE_S = 15.0  # after a recording's end, for its last words
LEAD_S, STAGGER_S = 0.3, 1.0
LADDER = (1, 4, 8, 12, 16, 24, 32, 48, 64)  # people at a time
CLIMB_S = 150.0  # after so long nobody is added any more
HOLDS_MS, NEARLY = 1000.0, 1.5  # what p99 must be below; who misses by less than this factor is tried twice


@dataclass(frozen=True)
class SpokenAnswer:
    """To one recording."""

    reference: str
    heard: str
    late_ms: float | None  # from the last word to the last final; None: there was none
    error: str = ""


@dataclass(frozen=True)
class Heard:
    """What so many people got."""

    people: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    share: float  # of the recordings that were answered with words
    wer: float  # of all of them, what was not answered included
    errors: int
    reasons: Mapping[str, int] = field(default_factory=dict)  # of those

    @property
    def holds(self) -> bool:
        """Everybody was answered, in time."""
        return self.p99_ms < HOLDS_MS and self.share == 1.0


def summed(people: int, answers: Sequence[SpokenAnswer]) -> Heard:
    """Pooled. A recording without an answer has no time, but counts among the words and the shares."""
    late = [each.late_ms for each in answers if each.late_ms is not None]
    p50, p95, p99 = np.percentile(late, (50, 95, 99)) if late else (math.inf,) * 3
    wer = error_rate([(each.reference, each.heard) for each in answers])
    reasons = Counter(each.error for each in answers if each.error)
    share = len(late) / max(1, len(answers))
    return Heard(people, float(p50), float(p95), float(p99), share, wer, reasons.total(), dict(reasons))


def climbed(tried: Callable[[int], Heard], clock: Callable[[], float] = time.monotonic) -> list[Heard]:
    """More and more people until it does not hold or time is out; two sizes at least: one sees where it goes."""
    steps: list[Heard] = []
    end = clock() + CLIMB_S
    for people in LADDER:
        found = tried(people)
        if not found.holds and found.p99_ms < NEARLY * HOLDS_MS:
            found = min(found, tried(people), key=lambda each: (-each.share, each.p99_ms))
        steps.append(found)
        if len(steps) > 1 and (not found.holds or clock() > end):
            break
    return steps


def turns_of(people: int) -> int:
    """How many recordings each of them speaks: a few people more, so that there are answers to judge by."""
    return 3 if people == 1 else 2


async def crowd(client: StreamClient, clips: Sequence[Clip], people: int) -> Heard:
    """Everybody from a moment of his own, one recording after the other."""
    began, turns = time.monotonic() + LEAD_S, turns_of(people)

    async def person(n: int) -> list[SpokenAnswer]:
        due, answers = began + STAGGER_S * n / people, []
        for turn in range(turns):
            clip = clips[(n * turns + turn) % len(clips)]
            await until(due)
            answers.append(await _answer(client, clip, due))
            due = max(due + clip.seconds, time.monotonic())
        return answers

    per_person = await asyncio.gather(*map(person, range(people)))
    return summed(people, [answer for answers in per_person for answer in answers])


async def _answer(client: StreamClient, clip: Clip, due: float) -> SpokenAnswer:
    measures, error = Measures(), ""
    hearing = Hearing(clip, due, Book(measures, due))
    try:
        async with asyncio.timeout(clip.seconds + PATIENCE_S):
            await client.talk(clip, hearing, due)
    except Exception as failed:  # whatever a peer's connection says: it has not answered
        error = str(getattr(failed, "reason", type(failed).__name__))
    hearing.end()
    series = measures.latencies.get(TTFS)
    return SpokenAnswer(clip.text, hearing.text, series.percentile_ms(100) if series else None, error)
