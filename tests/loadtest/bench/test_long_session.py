"""What a long session must be like."""

from dataclasses import replace

import pytest

from loadtest.bench.long_session import LongSession
from loadtest.bench.weighing import WeighedProcess
from parley.v1.pipeline_pb2 import PipelineResponse

GOOD = LongSession(3600.0, sent_s=3600.0, wall_s=180.0, finals=1, last_s=3590.0)


def final(start_s: int, end_s: int) -> PipelineResponse:
    interval = {"start": {"seconds": start_s}, "end": {"seconds": end_s}}
    return PipelineResponse(transcript={"text": "a", "is_final": True, "interval": interval})


async def test_sound_comes_no_faster_than_was_asked() -> None:
    """And all of it comes, in pieces of a tenth of a second."""
    session = LongSession(1.0)
    pieces = [piece async for piece in session.sound(speed=20.0)]
    assert (len(pieces), session.sent_s) == (10, 1.0)
    assert session.speed <= 20.0 * 10 / 9  # the first piece is due at once


def test_answers_are_noted() -> None:
    """Where the last words are, and which came out of order."""
    session = LongSession(60.0)
    for answer in (final(0, 5), final(6, 9), final(8, 10), PipelineResponse(speech_started={})):
        session.take(answer)
    assert (session.finals, session.last_s, session.disorder) == (3, 10.0, 1)
    assert session.answers == {"transcript": 3, "speech_started": 1}


@pytest.mark.parametrize(
    ("rss_mb", "flat"),
    [
        ([60.0, 90.0, *[100.0] * 14], True),
        ([100.0 + n for n in range(8)], True),  # 4 MB in half an hour
        ([100.0 + 3 * n for n in range(8)], False),
        ([451.0] * 8, False),
    ],
)
def test_flat_is_by_the_hour(rss_mb: list[float], flat: bool) -> None:
    """An hour of a stream may cost a process a few megabytes, however few they are of what it holds anyway."""
    assert GOOD.is_flat(WeighedProcess(rss_mb, [20] * len(rss_mb))) is flat


@pytest.mark.parametrize(
    ("session", "fault"),
    [
        (GOOD, None),
        (replace(GOOD, notices=["asr LATE"]), None),
        (replace(GOOD, notices=["asr UNAVAILABLE"]), "stages were lost: asr UNAVAILABLE"),
        (replace(GOOD, sent_s=1800.0), "only 30 of 60 minutes were taken in time"),
        (replace(GOOD, last_s=3000.0), "the last final ends at 3000 s of 3600 s"),
        (replace(GOOD, disorder=2), "2 finals out of order"),
    ],
)
def test_what_must_not_be_is_told(session: LongSession, fault: str | None) -> None:
    """A session that was taken slowly or late is none of it."""
    assert list(session.faults()) == ([fault] if fault else [])
