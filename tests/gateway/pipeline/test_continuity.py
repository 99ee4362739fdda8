"""One stream of answers out of those of several replicas."""

from typing import Any

from gateway.audio.time_scale import Scale
from gateway.config import Keep
from gateway.pipeline.continuity import TimeContinuity, TurnContinuity, WordContinuity
from gateway.pipeline.tail import NOTHING, SoundTail
from parley.v1.asr_pb2 import Answered, AsrConfig, AsrRequest, SpeechStarted, Transcript
from parley.v1.audio_pb2 import AudioFormat, Late
from parley.v1.denoise_pb2 import Quality
from parley.v1.diarize_pb2 import Revision, Turn
from tests.fakes import Clock

SECOND = 32_000


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


def during(event: Any, start: float, end: float) -> Any:
    event.interval.start.FromNanoseconds(ns(start))
    event.interval.end.FromNanoseconds(ns(end))
    return event


def final(text: str, start: float, end: float) -> Any:
    event = during(Transcript(text=text, is_final=True), start, end)
    during(event.words.add(text=text), start, end)
    return event


def interim(text: str, committed: int = 0) -> Any:
    return Transcript(text=text, committed_characters=committed)


def started(at: float) -> Any:
    event = SpeechStarted()
    event.at.FromNanoseconds(ns(at))
    return event


async def heard(keep: Keep = Keep(), seconds: int = 10) -> tuple[SoundTail, WordContinuity]:  # noqa: B008
    """A replica was sent ten seconds."""
    tail = SoundTail(AsrRequest, AsrConfig(), Scale.of(AudioFormat()), keep, Clock())
    for _ in range(seconds):
        tail.put(bytes(SECOND))
        await _send(tail)
    return tail, WordContinuity(tail)


async def _send(tail: SoundTail) -> None:
    tail.end()
    async for _ in tail.requests():
        pass


async def test_speech_at_the_very_first_sample_is_announced() -> None:
    """Nothing was said before it."""
    _, words = await heard()
    assert words.place("speech_started", started(0.0)) is not None


async def test_a_final_is_where_the_next_replica_begins() -> None:
    """Its end is committed; what the next one says is moved to where it belongs, words and all."""
    tail, words = await heard()
    assert words.place("transcript", final("one", 1.0, 4.0))
    assert tail.start == 4 * SECOND
    words.reopened()
    await _send(tail)
    said: Any = words.place("transcript", final("two", 0.5, 2.0))
    assert said.interval.start.ToNanoseconds() == ns(4.5)
    assert said.words[0].interval.end.ToNanoseconds() == ns(6.0)
    assert tail.start == 6 * SECOND


async def test_a_window_is_heard_again_from_its_start() -> None:
    """Only who hears all of a recording's window cuts it into the same finals; those said before are not said again."""
    tail, words = await heard()
    first = final("one", 1.0, 2.0)
    first.goes_on = True
    assert words.place("transcript", first)
    assert tail.start == 0
    words.reopened()
    await _send(tail)
    again = final("one", 1.0, 2.0)
    again.goes_on = True
    assert words.place("transcript", again) is None
    assert words.place("transcript", final("two", 2.5, 4.0))
    assert tail.start == 4 * SECOND


async def test_a_prompt_is_its_clients() -> None:
    """Utterances do not read each other, so the next replica is told what the first one was."""
    config = AsrConfig(prompt="Parley")
    tail = SoundTail(AsrRequest, config, Scale.of(AudioFormat()), Keep(), Clock())
    tail.put(bytes(5 * SECOND))
    await _send(tail)
    WordContinuity(tail).place("transcript", final("one", 1.0, 4.0))
    told: Any = (await anext(tail.requests())).config  # type: ignore[attr-defined]
    assert (told.prompt, told.hints_only) == ("Parley", False)


async def test_what_was_said_is_not_said_again() -> None:
    """The start of an utterance that is heard again is not news."""
    tail, words = await heard()
    words.place("transcript", final("one", 1.0, 4.0))
    assert words.place("speech_started", started(5.0))
    words.reopened()
    await _send(tail)
    assert words.place("speech_started", started(1.0)) is None
    assert words.place("speech_started", started(3.0))


async def test_promises_are_kept_by_the_next_replica() -> None:
    """An interim that is behind what was committed is held back; the one that catches up commits as much."""
    _, words = await heard()
    assert words.place("transcript", interim("good morning all", len("good morning")))
    words.reopened()
    assert words.place("transcript", interim("good")) is None
    said: Any = words.place("transcript", interim("good morning you"))
    assert said.committed_characters == len("good morning")
    assert words.place("transcript", final("good morning you", 0.0, 3.0))
    assert words.place("transcript", interim("next"))


async def test_speech_that_cannot_be_heard_again_is_told() -> None:
    """When the bound has cut off speech without a final, it is known from where on words may miss."""
    tail, words = await heard(Keep(bytes=3 * SECOND), 2)
    words.place("speech_started", started(1.0))
    before = words.lost_from
    for _ in range(10):
        tail.put(bytes(SECOND))
        await _send(tail)
    then = words.lost_from
    words.place("transcript", final("one", 0.8, 11.0))
    assert (before, then, words.lost_from) == (None, ns(1.0), None)


async def test_a_new_replica_knows_no_speaker() -> None:
    """Turns, speakers and revisions of the next replica are told apart; enrolled names stay."""
    tail = SoundTail(AsrRequest, AsrConfig(), Scale.of(AudioFormat()), NOTHING, Clock())
    turns = TurnContinuity(tail, {"ann"})
    first: Any = turns.place("turn", during(Turn(id="t1", speaker="1"), 0.0, 1.0))
    assert (first.id, first.speaker) == ("t1", "1")
    turns.reopened()
    tail.skip(5 * SECOND)
    second: Any = turns.place("turn", during(Turn(id="t1", speaker="1"), 0.0, 1.0))
    assert (second.id, second.speaker, second.interval.end.ToNanoseconds()) == ("t1-2", "1-2", ns(6.0))
    known = [during(Turn(id="t2", speaker="ann"), 0.0, 1.0)]
    revision: Any = turns.place("revision", Revision(turns=known, withdrawn_ids=["t1"], is_whole=True))
    assert ([turn.speaker for turn in revision.turns], list(revision.withdrawn_ids)) == (["ann"], ["t1-2"])
    assert not revision.is_whole


async def test_every_time_counts_from_the_streams_start() -> None:
    """Of an event that nobody here knows: its intervals, those inside it, and moments; lengths stay lengths."""
    tail = SoundTail(AsrRequest, AsrConfig(), Scale.of(AudioFormat()), NOTHING, Clock())
    times = TimeContinuity(tail)
    first: Any = times.place("quality", during(Quality(), 1.0, 2.0))
    assert first.interval.start.ToNanoseconds() == ns(1.0)
    times.reopened()
    tail.skip(5 * SECOND)
    moved: Any = times.place("quality", during(Quality(track="2"), 1.0, 2.0))
    assert (moved.interval.start.ToNanoseconds(), moved.interval.end.ToNanoseconds()) == (ns(6.0), ns(7.0))
    assert times.place("speech_started", started(0.0)) == started(5.0)
    nested: Any = times.place("revision", Revision(turns=[during(Turn(), 0.0, 1.0)]))
    assert nested.turns[0].interval.end.ToNanoseconds() == ns(6.0)
    late = Late()
    late.waiting.FromNanoseconds(ns(3.0))
    unmoved: Any = times.place("late", late)
    assert unmoved.waiting.ToNanoseconds() == ns(3.0)
    assert times.lost_from is None


async def test_what_is_answered_is_said_once() -> None:
    """In the stream's own time, also where another replica is flushed once more at the same place."""
    tail, words = await heard()
    at = Answered()
    at.at.FromNanoseconds(ns(4.0))
    assert words.place("answered", at) is at
    words.place("transcript", final("one", 3.0, 4.0))
    words.reopened()
    tail._rewind()
    assert words.place("answered", Answered()) is None  # it began where the final ended: at 4 s
    later = Answered()
    later.at.FromNanoseconds(ns(1.0))
    moved: Any = words.place("answered", later)
    assert moved.at.ToNanoseconds() == ns(5.0)
