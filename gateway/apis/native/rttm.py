"""Turns -> RTTM, the format that diarization tools score. Must not know where they come from."""

from collections.abc import Iterable
from pathlib import PurePath

from parley.v1.diarize_pb2 import Turn


def rttm(turns: Iterable[Turn], name: str) -> str:
    """One SPEAKER line a turn; the recording is called like its file."""
    recording = _word(PurePath(name).stem or "audio")
    return "".join(_line(turn, recording) for turn in turns)


def _line(turn: Turn, recording: str) -> str:
    start, end = turn.interval.start.ToMilliseconds() / 1000, turn.interval.end.ToMilliseconds() / 1000
    speaker = _word(turn.speaker)
    return f"SPEAKER {recording} 1 {start:.3f} {end - start:.3f} <NA> <NA> {speaker} <NA> <NA>\n"


def _word(text: str) -> str:
    """Fields are told apart by white space, so a name has none."""
    return "_".join(text.split()) or "audio"
