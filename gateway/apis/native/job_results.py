"""What a job heard -> the files that people want of it. Must not know HTTP.

A worker keeps what the pipeline said; every format is made from that when it is asked for.
"""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from gateway.apis.native import rttm
from gateway.apis.openai import subtitles
from gateway.http import transcode
from gateway.recordings import Transcription
from parley.errors import NotFound
from parley.jobs.events import read
from parley.jobs.job import EVENTS, SOUND, TRACK, Job
from parley.v1.asr_pb2 import Transcript
from parley.v1.diarize_pb2 import Turn
from parley.v1.translate_pb2 import Translation

PLAIN = "text/plain; charset=utf-8"
KINDS = {
    "json": "application/json",
    "txt": PLAIN,
    "srt": PLAIN,
    "vtt": "text/vtt; charset=utf-8",
    "rttm": PLAIN,
    "flac": "audio/flac",
    "zip": "application/zip",
}


class JobResult:
    """What one job heard."""

    def __init__(self, job: Job, events: Path) -> None:
        self._job, self._heard = job, Transcription(duration_s=job.duration_s)
        self._translations: list[Translation] = []
        for answer in read(events):
            self._heard.take(answer)
            if answer.HasField("translation"):
                self._translations.append(answer.translation)
        if self._heard.turns:
            self._label()

    def _label(self) -> None:
        """Who spoke, by the last that was said of the turns: a stream may have translated before it knew."""
        self._heard.label()
        spoken = {_spot(final): final.speaker for final in self._heard.finals}
        for each in self._translations:
            each.speaker = spoken.get(_spot(each), each.speaker)

    @property
    def heard(self) -> Transcription:
        """All of it, in the languages that were spoken."""
        return self._heard

    def translated(self, target: str) -> Transcription:
        """All of it in that language, but what could not be translated."""
        heard, texts = replace(self._heard, finals=[]), dict[tuple[int, str], str]()
        for each in self._translations:
            texts[_spot(each)] = texts.get(_spot(each), "") + each.text
        for final in self._heard.finals:
            other = Transcript()
            other.CopyFrom(final)
            if final.language.split("-")[0] != target and (text := texts.get(_spot(final))):
                other.text, other.language = text, target
            heard.finals.append(other)
        return heard

    def text(self, kind: str) -> str:
        """As one of the formats that are text."""
        return _WRITERS[kind](self)

    @property
    def turns(self) -> list[Turn]:
        """Who spoke when, in order."""
        return sorted(self._heard.turns.values(), key=lambda turn: turn.interval.start.ToNanoseconds())

    def as_json(self) -> str:
        """Everything that is known."""
        heard = self._heard
        body = {
            "id": self._job.id,
            "name": self._job.name,
            "duration_s": round(heard.duration_s, 3),
            "language": heard.language,
            "models": heard.models,
            "text": heard.text,
            "segments": [transcode.plain(final) for final in heard.finals],
            "turns": [transcode.plain(turn) for turn in self.turns],
            "translations": [transcode.plain(each) for each in sorted(self._translations, key=_place)],
            "notices": [transcode.plain(each) for each in heard.notices],
        }
        return json.dumps(body, ensure_ascii=False)

    def as_rttm(self) -> str:
        """For tools that score diarization."""
        return rttm.rttm(self.turns, self._job.name)

    def as_srt(self) -> str:
        """SubRip."""
        return subtitles.srt(self._heard.finals)

    def as_vtt(self) -> str:
        """WebVTT."""
        return subtitles.vtt(self._heard.finals)

    def as_txt(self) -> str:
        """The words."""
        return self._heard.text + "\n"


_WRITERS: dict[str, Callable[[JobResult], str]] = {
    "json": JobResult.as_json,
    "txt": JobResult.as_txt,
    "srt": JobResult.as_srt,
    "vtt": JobResult.as_vtt,
    "rttm": JobResult.as_rttm,
}


def _spot(event: Transcript | Translation) -> tuple[int, str]:
    return event.interval.start.ToNanoseconds(), event.track


def _place(each: Translation) -> tuple[str, int]:
    return each.target_language, each.interval.start.ToNanoseconds()


def formats(job: Job) -> list[str]:
    """Those that a job has."""
    if EVENTS not in job.results:
        return []
    asked = json.loads(job.pipeline)
    words = ["txt", "srt", "vtt"] if "asr" in asked else []
    return ["json", *words, *["rttm"] * ("diarize" in asked), *["flac"] * (SOUND in job.results), "zip"]


def check(job: Job, kind: str) -> None:
    """Refuse a format that the job does not have."""
    there = formats(job)
    if not there:
        raise NotFound(f"The job {job.id} is {job.state.value} and has no results{_yet(job)}.")
    if kind not in there:
        raise NotFound(f"The job {job.id} has no {kind[:20]!r}; it has {', '.join(there)}.")


def _yet(job: Job) -> str:
    return "" if job.has_ended else " yet"


def written(job: Job, kind: str, file: Callable[[Job, str], Path]) -> bytes:
    """One format that is made from the job's files; the sound is one of them."""
    if kind == "zip":
        return zipped(job, file(job, EVENTS), {each: file(job, each) for each in job.results if each != EVENTS})
    return JobResult(job, file(job, EVENTS)).text(kind).encode()


def zipped(job: Job, events: Path, sounds: Mapping[str, Path]) -> bytes:
    """All of them in one file, and the other tracks."""
    result, stem, packed = JobResult(job, events), PurePath(job.name).stem or job.id, io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in formats(job):
            if kind in _WRITERS:
                archive.writestr(f"{stem}.{kind}", result.text(kind))
        for kind, sound in sounds.items():
            name = stem if kind == SOUND else f"{stem}.{kind.removeprefix(TRACK)}"
            archive.write(sound, f"{name}.flac", zipfile.ZIP_STORED)
    return packed.getvalue()
