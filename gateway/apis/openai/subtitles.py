"""Finals -> subtitles. Must not know where they come from or where they go."""

from collections.abc import Iterable

from parley.v1.asr_pb2 import Transcript


def srt(finals: Iterable[Transcript]) -> str:
    """SubRip."""
    cues = (f"{n}\n{_times(final, ',')}\n{_line(final)}\n\n" for n, final in enumerate(_with_text(finals), 1))
    return "".join(cues)


def vtt(finals: Iterable[Transcript]) -> str:
    """WebVTT."""
    return "WEBVTT\n\n" + "".join(f"{_times(final, '.')}\n{_line(final)}\n\n" for final in _with_text(finals))


def _with_text(finals: Iterable[Transcript]) -> Iterable[Transcript]:
    return (final for final in finals if final.text.strip())


def _line(final: Transcript) -> str:
    # An arrow or an empty line inside a cue would end it.
    return " ".join(final.text.split()).replace("-->", "->")


def _times(final: Transcript, point: str) -> str:
    start, end = final.interval.start.ToMilliseconds(), final.interval.end.ToMilliseconds()
    return f"{_clock(start, point)} --> {_clock(max(start + 1, end), point)}"


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"
