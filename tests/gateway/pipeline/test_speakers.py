"""Words and speakers."""

from datetime import timedelta

from gateway.pipeline.speakers import Speakers
from parley.v1.asr_pb2 import Transcript, Word
from parley.v1.audio_pb2 import Interval
from parley.v1.diarize_pb2 import Revision, Turn


def span(start: float, end: float) -> Interval:
    return Interval(start=timedelta(seconds=start), end=timedelta(seconds=end))


def turn(number: str, speaker: str, start: float, end: float) -> Turn:
    return Turn(id=number, speaker=speaker, interval=span(start, end))


def two() -> Speakers:
    speakers = Speakers()
    speakers.hear(turn("t1", "ann", 0, 2))
    speakers.hear(turn("t2", "bob", 2, 4))
    return speakers


def test_a_word_belongs_to_who_spoke_most_of_it() -> None:
    """Overlap decides."""
    assert two().who(span(1.5, 2.1)) == "ann"
    assert two().who(span(1.9, 3.0)) == "bob"


def test_a_word_beside_a_turn_belongs_to_the_nearest() -> None:
    """Within a second of a turn a word finds its speaker; farther away it has none."""
    assert two().who(span(4.2, 4.5)) == "bob"
    assert two().who(span(6.0, 6.5)) == ""


def test_a_final_of_two_speakers_has_none_of_its_own() -> None:
    """Only a final that one person said carries a speaker itself."""
    final = Transcript(words=[Word(interval=span(0, 1)), Word(interval=span(3, 4))])
    two().label(final)
    assert [word.speaker for word in final.words] == ["ann", "bob"]
    assert final.speaker == ""


def test_a_revision_replaces_and_withdraws() -> None:
    """After a revision only its turns are believed."""
    speakers = two()
    speakers.revise(Revision(turns=[turn("t1", "eve", 0, 4)], withdrawn_ids=["t2"]))
    assert speakers.who(span(3, 4)) == "eve"
    assert speakers.known_until == 4
