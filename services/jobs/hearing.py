"""One recording through the gateway's pipeline; what is said of it becomes a file. Must not know the queue.

Only what holds is kept: finals, turns, translations, notices. A stage that was lost on the way makes the attempt fail,
even where the pipeline went on without it: done again later, the result is the one that an undisturbed run has.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from google.protobuf import json_format

from parley.audio.recorder import Flac
from parley.client import Client, requests_of
from parley.errors import Code, ParleyError, Unavailable
from parley.jobs.events import write
from parley.jobs.files import JobFiles
from parley.jobs.job import EVENTS, SOUND, TRACK, Job
from parley.v1.audio_pb2 import Track
from parley.v1.pipeline_pb2 import Notice, PipelineConfig, PipelineRequest, PipelineResponse
from parley.wire import protocol
from parley.wire.error_names import of_reason
from parley.wire.pipeline import configs_of
from services.jobs.sound import JobSound

KEPT = ("opened", "turn", "revision", "translation", "notice", "stage_event")
LATE = "LATE"
# Reasons of notices with which nothing is missing that the next attempt would have.
HARMLESS = (LATE, "LANGUAGE_PAIR", "FALLBACK", "FALLBACK_OVER", "UNTRANSLATED")
Note = Callable[[str, float, float], None]  # the stage, seconds done, seconds in all


@dataclass
class Heard:
    """What an attempt has made."""

    results: dict[str, str]
    duration_s: float


class Hearing:
    """One attempt of one job."""

    def __init__(self, job: Job, files: JobFiles, note: Note) -> None:
        self._job, self._files, self._note = job, files, note
        self._config = json_format.Parse(job.pipeline, PipelineConfig())
        self._flac: Flac | None = None
        self._tracks: dict[str, tuple[Flac, BinaryIO]] = {}  # other than the sound itself
        self.opened = False  # the gateway has taken it, and every stage

    async def run(self, client: Client, source: Path, longest_s: float) -> Heard:
        """The whole recording."""
        filtered = any(stage.is_filter for stage, _ in configs_of(self._config))
        mixed = not self._config.per_channel
        with ExitStack() as held:
            recording = held.enter_context(source.open("rb", buffering=0))
            sound = await asyncio.to_thread(JobSound, recording, longest_s, mixed=mixed, filtered=filtered)
            self._config.format.CopyFrom(sound.form)
            self._note("transcribe", 0.0, sound.claimed_s)
            events, cleaned = (held.enter_context(self._files.adding(self._job.id)) for _ in range(2))
            async with aclosing(self._answers(client, sound)) as answers:
                async for answer in answers:
                    if not self._takes_track(answer, held):
                        self._take(answer, events, cleaned, sound)
            self._note("render", sound.read_s, sound.read_s)
            if self._flac:
                cleaned.write(self._flac.end())
            for flac, file in self._tracks.values():
                file.write(flac.end())
        results = {EVENTS: self._files.keep(self._job.id, Path(events.name))}
        for name, (_, file) in self._tracks.items():
            results[f"{TRACK}{name}"] = self._files.keep(self._job.id, Path(file.name))
        if self._flac:
            results[SOUND] = self._files.keep(self._job.id, Path(cleaned.name))
        return Heard(results, sound.read_s)

    def _answers(self, client: Client, sound: JobSound) -> AsyncGenerator[PipelineResponse]:
        requests: Any = requests_of(PipelineRequest, self._config, sound.pieces())
        return client.stream("Pipeline", requests)

    def _takes_track(self, answer: PipelineResponse, held: ExitStack) -> bool:
        """Sound beside the pipeline's own is no event: it goes into a file of its own."""
        track = Track()
        if not (answer.HasField("stage_event") and answer.stage_event.event.Unpack(track)):
            return False
        if track.name not in self._tracks:
            file = held.enter_context(self._files.adding(self._job.id))
            self._tracks[track.name] = Flac(self._config.format.sample_rate_hz, None), file
        flac, file = self._tracks[track.name]
        file.write(flac.write(track.audio.data))
        return True

    def _take(self, answer: PipelineResponse, events: BinaryIO, cleaned: BinaryIO, sound: JobSound) -> None:
        kind = answer.WhichOneof("event") or ""
        if kind == "opened":
            self.opened = True
            if answer.opened.HasField("format"):
                self._flac = Flac(answer.opened.format.sample_rate_hz, None)
        if kind == "notice":
            _check(answer.notice)
            if answer.notice.reason == LATE:
                return  # true of this attempt, not of the recording
        if kind == "audio" and self._flac:
            cleaned.write(self._flac.write(answer.audio.data))
        if kind in KEPT or (kind == "transcript" and answer.transcript.is_final):
            write(answer, events)
            self._progress(answer, kind, sound)

    def _progress(self, answer: PipelineResponse, kind: str, sound: JobSound) -> None:
        event = getattr(answer, kind)
        if kind in ("transcript", "turn", "translation"):
            done_s = event.interval.end.ToNanoseconds() / 1e9
            self._note("transcribe", done_s, max(sound.claimed_s, sound.read_s))


def _check(notice: Notice) -> None:
    if notice.reason not in HARMLESS:
        raise of_reason(Unavailable.code.value, notice.reason)(f"{notice.stage}: {notice.message}")


def headers(job: Job, token: str) -> dict[str, str]:
    """The call is the submitter's, and gives way to live streams; each attempt and part goes to the same version."""
    told = {"parley-class": "batch", protocol.SESSION: job.parent or job.id}
    return told | ({"authorization": f"Bearer {token}", protocol.FOR: job.owner} if token else {})


PERMANENT = (Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.PERMISSION_DENIED, Code.UNAUTHENTICATED)


def is_final(error: ParleyError) -> bool:
    """Whether another attempt would end likewise: the recording or what is asked of it is wrong."""
    return error.code in PERMANENT and error.reason != "STREAM_IDLE"  # a worker that stood still sends nothing
