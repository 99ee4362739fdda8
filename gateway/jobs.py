"""Callers' background jobs: submitted, found, watched. Must not know HTTP, nor who works on them.

A key sees its own jobs only. What is asked is checked here, so that a job that was accepted can be done.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from google.protobuf import json_format

from gateway.config import JobsConfig
from gateway.core import Caller, Core
from gateway.pipeline import recorded
from gateway.pipeline.plan import Plan
from parley.errors import BadConfig, BadInput, Forbidden, SwitchedOff
from parley.extras import install, is_installed
from parley.jobs.bounds import Bounds
from parley.jobs.database import Work
from parley.jobs.files import JobFiles
from parley.jobs.job import BUCKET, SOUNDS, UPLOAD, Job, NewJob, Submission
from parley.jobs.queue import JobQueue
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig
from parley.wire import outward, protocol
from parley.wire.pipeline import configs_of

MOST_OF_ONE_REQUEST, LONGEST_SESSION = 10_000, 255
LOOK_S, AT_LEAST_S = 0.25, 5.0  # how soon a watcher sees a change, and how often it is told that nothing has


class JobsOff(SwitchedOff):
    """The gateway has no folder to keep jobs in."""

    reason = "JOBS_OFF"


@dataclass(frozen=True)
class JobRequest:
    """What one request asks for: one recording that it brings, or some that lie elsewhere."""

    pipeline: PipelineConfig
    upload: bytes | None = None
    name: str = ""
    urls: Sequence[str] = ()
    folder: str = ""
    batch: str = ""
    key: str = ""  # of idempotency
    within_s: float = 0.0
    webhook: str = ""


class Jobs:
    """What can be done with jobs, for a caller."""

    def __init__(self, core: Core, config: JobsConfig) -> None:
        self._core, self._config = core, config
        self._buckets = [each.rstrip("/") for each in config.folders if each.startswith(BUCKET)]
        if self.on:
            folder = Path(config.folder)
            self._files = JobFiles(folder, config.reserve_bytes)
            self._queue = JobQueue(config.database, folder, Bounds(config.open_per_key, config.bytes_per_key))

    @property
    def queue(self) -> JobQueue:
        """The table; raises where no jobs are kept."""
        self._check_on()
        return self._queue

    @property
    def files(self) -> JobFiles:
        """What lies on the disk; raises where no jobs are kept."""
        self._check_on()
        return self._files

    @property
    def on(self) -> bool:
        """Whether jobs are kept here."""
        return bool(self._config.on and self._config.folder)

    def _check_on(self) -> None:
        if not self.on:
            raise JobsOff("No jobs are kept here; `[jobs] folder` in gateway.toml names a folder for them.")

    def owner(self, caller: Caller) -> str:
        """Whose jobs they are: the caller's key's, whatever it is for; what a job asks for is checked by itself."""
        return self._core.keys.of(caller.metadata).id

    async def submit(self, asked: JobRequest, caller: Caller) -> list[Job]:
        """Keep what is asked for; it is done once a worker has time."""
        queue, text = self.queue, self.checked(asked.pipeline, caller)
        self._check_webhook(asked.webhook)
        batch = asked.batch or secrets.token_hex(6)
        common = (batch, text, asked.key, _digest(asked, text), asked.within_s, asked.webhook)
        submission = Submission(self.owner(caller), *common, session=session_of(caller))
        if (kept := await queue.repeated(submission)) is not None:
            return kept
        new = [replace(each, id=secrets.token_hex(8)) for each in await self._new(asked)]
        return await self.keep(submission, new, upload=asked.upload)

    def checked(self, asked: PipelineConfig, caller: Caller) -> str:
        """The pipeline as it is kept, where this key may have it."""
        pipeline = _recorded(asked)
        recorded.ask(pipeline)
        for each in Plan(pipeline).asked:
            self._core.key_for(caller, each.stage.name)
        return json_format.MessageToJson(pipeline, preserving_proto_field_name=True, indent=None)

    def _check_webhook(self, url: str) -> None:
        if url and not self._config.webhook_secret:
            raise BadInput("Nobody is told here: `[jobs] webhook_secret` in gateway.toml signs what webhooks are sent.")
        if url:
            outward.host_of(url)

    async def keep(
        self,
        submission: Submission,
        new: Sequence[NewJob],
        beside: Work[None] | None = None,
        *,
        upload: bytes | None = None,
    ) -> list[Job]:
        """Files first, so that no worker finds a job without them."""
        jobs: list[Job] = []
        try:
            await asyncio.to_thread(self._make, new, upload)
            jobs, _ = await self.queue.add(submission, new, beside)
        finally:
            kept = {job.id for job in jobs}
            for each in new:
                if each.id not in kept:
                    self._files.remove(each.id)
        recorded.submit(job.id for job in jobs)
        return jobs

    def _make(self, new: Sequence[NewJob], upload: bytes | None) -> None:
        for each in new:
            self._files.make(each.id, upload)

    async def _new(self, asked: JobRequest) -> list[NewJob]:
        if asked.upload is not None:
            return [NewJob("", asked.name or "recording", UPLOAD, len(asked.upload))]
        if asked.urls:
            return [self._of_address(url) for url in asked.urls]
        if asked.folder.startswith(BUCKET):
            found = [each async for each in self._in_bucket(asked.folder)]
        else:
            found = await asyncio.to_thread(lambda: list(self._in_folder(asked.folder)))
        if not found:
            raise BadInput(f"{asked.folder} holds no recordings; they end in {', '.join(sorted(SOUNDS))}.")
        if len(found) > MOST_OF_ONE_REQUEST:
            raise BadInput(f"{asked.folder} holds {len(found)} recordings; name folders of {MOST_OF_ONE_REQUEST} each.")
        return found

    def _of_address(self, url: str) -> NewJob:
        host = outward.host_of(url)
        if not any(host == each or (each.startswith("*.") and host.endswith(each[1:])) for each in self._config.hosts):
            raise Forbidden(f"Recordings are not fetched from {host}; `[jobs] hosts` in gateway.toml says from where.")
        return NewJob("", unquote(urlsplit(url).path.rpartition("/")[2]) or host, url)

    async def _in_bucket(self, asked: str) -> AsyncGenerator[NewJob]:
        """An object, or the recordings whose names begin like this."""
        place = asked.rstrip("/")
        if not any(place == each or place.startswith(f"{each}/") for each in self._buckets):
            raise Forbidden(f"Nothing is read from {asked[:80]!r}; `[jobs] folders` in gateway.toml says from where.")
        if not is_installed("obstore"):
            raise BadConfig(f"Buckets are read with an extra: {install('s3')}.")
        from parley.jobs import buckets

        async with aclosing(buckets.listed(place)) as found:
            async for url, _ in found:
                if PurePosixPath(url).suffix.lower() in SOUNDS:
                    yield NewJob("", url.removeprefix(f"{place}/"), url)

    def _in_folder(self, asked: str) -> Iterator[NewJob]:
        """A file, or the recordings in a folder and those below; none that a link leads to elsewhere."""
        allowed = [Path(each).resolve() for each in self._config.folders if not each.startswith(BUCKET)]
        place = Path(asked).resolve()
        if not Path(asked).is_absolute() or not any(place.is_relative_to(each) for each in allowed):
            raise Forbidden(f"Nothing is read from {asked[:80]!r}; `[jobs] folders` in gateway.toml says from where.")
        if not place.exists():
            raise BadInput(f"There is no {asked} on the gateway's machine.")
        for file in [place] if place.is_file() else sorted(place.rglob("*")):
            inside = any(file.resolve().is_relative_to(each) for each in allowed)
            if inside and file.is_file() and (file == place or file.suffix.lower() in SOUNDS):
                yield NewJob("", str(file.relative_to(place)) if file != place else file.name, str(file))

    async def delete(self, id_: str, caller: Caller) -> None:
        """Nothing is left of it: its row, its recording, what was made of it."""
        await self.queue.delete(self.owner(caller), id_)
        await asyncio.to_thread(self._files.remove, id_)

    async def replay(self, id_: str, caller: Caller) -> Job:
        """Tells its webhook once more that it has ended."""
        owner = self.owner(caller)
        await self.queue.hooks.replay(await self.queue.get(owner, id_))
        return await self.queue.get(owner, id_)

    async def watch(self, id_: str, caller: Caller) -> AsyncGenerator[Job]:
        """The job as it is, and again whenever that changes, until it has ended."""
        queue, owner, shown = self.queue, self.owner(caller), None
        while True:
            version, job = queue.version(), await queue.get(owner, id_)
            if (at := (job.state, job.stage, job.done_s, job.attempt)) != shown:
                shown = at
                yield job
            if job.has_ended:
                return
            await _changed(queue, version)

    def file(self, job: Job, kind: str) -> Path:
        """Where a result lies."""
        if kind not in job.results:
            raise BadInput(f"The job {job.id} is {job.state.value} and has no such result.")
        return self._files.path(job.id, job.results[kind])


def session_of(caller: Caller) -> str:
    """The session that a caller names; what is kept of it can be deleted together."""
    return caller.metadata.get(protocol.SESSION, "")[:LONGEST_SESSION]


async def _changed(queue: JobQueue, version: int) -> None:
    waited = 0.0
    while queue.version() == version and waited < AT_LEAST_S:
        await asyncio.sleep(LOOK_S)
        waited += LOOK_S


def _recorded(asked: PipelineConfig) -> PipelineConfig:
    """As recordings are heard: in long windows, with times for subtitles, without guesses."""
    config = PipelineConfig()
    config.CopyFrom(asked)
    config.ClearField("format")
    if not any(config.HasField(each) for each in ("asr", "denoise", "diarize")) and not config.stages:
        config.asr.SetInParent()
    if config.HasField("asr"):
        config.asr.recording = config.asr.word_times = True
        config.asr.interim_results = False
    if config.per_channel and any(stage.is_filter for stage, _ in configs_of(config)):
        config.denoise_for = DenoiseFor.DENOISE_FOR_LISTENERS  # a FLAC here has one channel
    return config


def _digest(asked: JobRequest, pipeline: str) -> str:
    said = [pipeline, asked.name, list(asked.urls), asked.folder, asked.batch, asked.within_s, asked.webhook]
    digest = hashlib.sha256(json.dumps(said).encode())
    digest.update(asked.upload or b"")
    return digest.hexdigest()
