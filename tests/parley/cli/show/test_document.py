"""What is gathered about one file."""

from datetime import timedelta
from typing import Any

from parley.cli.commands.diarize import rttm_line
from parley.cli.show.document import Document, SpeakerTurns
from parley.v1.asr_pb2 import Transcript
from parley.v1.audio_pb2 import Interval
from parley.v1.diarize_pb2 import Revision, Turn
from parley.v1.pipeline_pb2 import PipelineResponse
from parley.v1.translate_pb2 import Translation


def span(start: float, end: float) -> Interval:
    return Interval(start=timedelta(seconds=start), end=timedelta(seconds=end))


def turn(name: str, speaker: str, start: float) -> Turn:
    return Turn(id=name, speaker=speaker, interval=span(start, start + 1))


def test_revisions_replace_and_withdraw() -> None:
    """Only what holds at the end is told."""
    turns = SpeakerTurns()
    turns.add(turn("t1", "1", 0))
    turns.add(turn("t2", "2", 1))
    turns.add(turn("t3", "3", 2))
    turns.revise(Revision(turns=[turn("t2", "1", 1)], withdrawn_ids=["t3"]))
    assert [(each.id, each.speaker) for each in turns.in_order()] == [("t1", "1"), ("t2", "1")]


def test_the_last_revision_is_the_whole_truth() -> None:
    """A turn that a second look does not find is gone, though nobody withdrew it."""
    turns = SpeakerTurns()
    turns.add(turn("t1", "1", 0))
    turns.revise(Revision(turns=[turn("t9", "2", 5)], is_whole=True))
    assert [each.id for each in turns.in_order()] == ["t9"]


def test_a_translation_stands_below_its_source() -> None:
    """Though it arrives after the next final."""
    document = Document("a.wav", 3.0)
    for start, text in ((0.0, "one"), (1.0, "two")):
        final = Transcript(text=text, is_final=True, interval=span(start, start + 1), speaker="1")
        document.hear(PipelineResponse(transcript=final))
    late = Translation(text="eins", target_language="de", interval=span(0.0, 1.0))
    document.hear(PipelineResponse(translation=late))
    assert document.lines() == ["Speaker 1: one", "  de: eins", "Speaker 1: two"]


def test_a_call_is_told_in_its_order() -> None:
    """A channel may be heard late, and two people may begin at once; every translation finds its source."""
    document = Document("a.wav", 3.0)
    for start, track in ((1.0, "1"), (0.0, "1"), (0.0, "2")):
        said: Any = {"interval": span(start, start + 1), "track": track, "speaker": track}
        document.hear(PipelineResponse(transcript=Transcript(text=f"at {start:.0f}", is_final=True, **said)))
        document.hear(PipelineResponse(translation=Translation(text=f"um {start:.0f}", target_language="de", **said)))
    first = ["Speaker 1: at 0", "  de: Speaker 1: um 0", "Speaker 2: at 0", "  de: Speaker 2: um 0"]
    assert document.lines() == [*first, "Speaker 1: at 1", "  de: Speaker 1: um 1"]


def test_guesses_are_not_kept() -> None:
    """The document holds finals."""
    document = Document("a.wav", 3.0)
    document.hear(PipelineResponse(transcript=Transcript(text="gue")))
    assert document.as_json()["text"] == ""


def test_rttm_fields_hold_no_spaces() -> None:
    """A line has ten fields, whatever files and people are called."""
    assert len(rttm_line("my talk", 0.5, 2.0, "Ada Lovelace").split()) == 10
