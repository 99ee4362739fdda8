"""One background job as it is kept: a recording, what to do with it, and how far that is. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from parley.errors import NotFound, Overloaded


class UnknownJob(NotFound):
    """No such job, or another key's."""

    reason = "JOB_NOT_FOUND"


class TooManyJobs(Overloaded):
    """A key has as many jobs open, or bytes kept, as it may."""

    reason = "JOBS_FULL"


class DiskFull(Overloaded):
    """There is no room to keep what was sent."""

    reason = "DISK_FULL"


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
_ENDINGS = "aac aif aiff amr au caf flac m4a mka mkv mov mp3 mp4 oga ogg opus w64 wav webm wma"
SOUNDS = {f".{ending}" for ending in _ENDINGS.split(" ")}  # which files of a folder are recordings
UPLOAD = "upload"  # a source: the file that was sent with the job
BUCKET = "s3://"  # how a source in a bucket begins
WHOLE = "whole"  # a source, of a part: the file of the job that it is a part of
EVENTS, SOUND = "events", "sound"  # results: what the pipeline said; the cleaned recording as FLAC
TRACK = "track "  # results: before the name of another track, as FLAC


@dataclass(frozen=True)
class Submission:
    """What one request submits: everything that its jobs have in common."""

    owner: str  # the id of the API key; empty where no keys are asked for
    batch: str
    pipeline: str  # a PipelineConfig as JSON
    key: str = ""  # of idempotency; empty: the same again is another submission
    digest: str = ""  # of all that was asked, to tell a repetition from another request
    within_s: float = 0.0  # the jobs are failed when they have not ended by then; 0: never
    webhook: str = ""
    session: str = ""  # that the caller has named


@dataclass(frozen=True)
class NewJob:
    """What is one job's own."""

    id: str
    name: str
    source: str  # UPLOAD, a path, an address, an object in a bucket, or the id of a file
    bytes: int = 0
    pipeline: str = ""  # empty: the submission's
    note: str = ""  # what its submitter wants to know again


@dataclass(frozen=True)
class Job:
    """A row."""

    number: int  # in the order in which they were submitted
    id: str
    owner: str
    batch: str
    submission: str
    name: str
    source: str
    pipeline: str
    webhook: str
    state: JobState
    stage: str  # what a running job is at
    attempt: int  # grows with each start: only the worker of the latest may say how it went
    failures: int  # attempts that did not end well, and for which the job may be the reason
    worker: str
    lease_until: float  # a worker that has not been heard of by then is dead
    wait_until: float  # not to be started before
    due_at: float
    made_at: float
    begun_at: float
    ended_at: float
    done_s: float  # of the recording's seconds
    duration_s: float
    reason: str
    message: str
    results: Mapping[str, str]  # EVENTS, SOUND or a TRACK -> the file's name
    bytes: int
    hook: str  # whether who is to be told of its end is owed it, was told, or could not be; parley/jobs/hooks.py
    hook_tries: int
    hook_message: str
    parent: str  # the id of the job that this is a part of; empty: none
    parts: int  # into which it was divided
    note: str
    start_s: float  # where a part begins in the recording
    now: float = 0.0  # by the database's clock, when it was read

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Job":
        """A row of the table."""
        known = {field.name: row[field.name] for field in fields(cls) if field.name in row}
        return cls(**known | {"state": JobState(row["state"]), "results": json.loads(row["results"])})

    @property
    def has_ended(self) -> bool:
        """Nothing more happens to it by itself."""
        return self.state in ENDED

    @property
    def eta_s(self) -> float | None:
        """How long it will take from now on, by how long it has taken so far; None: nobody can say yet."""
        if self.state is not JobState.RUNNING or not 0 < self.done_s <= self.duration_s:
            return None
        return (self.now - self.begun_at) * (self.duration_s - self.done_s) / self.done_s
