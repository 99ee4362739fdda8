"""Batches as jobs: submitted together, and written down once all have ended. Must not know HTTP."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from gateway.apis.native.job_results import JobResult
from gateway.apis.openai.batches import lines, shapes
from gateway.apis.openai.batches.lines import Line, LineRefused
from gateway.apis.openai.requests import Named
from gateway.caller import Caller
from gateway.jobs import MOST_OF_ONE_REQUEST, Jobs, session_of
from parley.errors import Conflict, FieldInvalid, NotFound, ParleyError
from parley.jobs import batches
from parley.jobs.batches import Batch
from parley.jobs.filter import Filter
from parley.jobs.job import EVENTS, Job, JobState, NewJob, Submission
from parley.jobs.uploads import PREFIX, Upload

PAGE = 1000
MOST_SHOWN = 100  # of what is wrong with lines
Json = dict[str, object]


class Submitted:
    """What can be done with batches, for a caller."""

    def __init__(self, jobs: Jobs, named: Named) -> None:
        self._jobs, self._named = jobs, named

    async def create(self, source: str, endpoint: str, about: Json, caller: Caller) -> Batch:
        """All of its lines, or none where one asks for what cannot be done."""
        queue, owner = self._jobs.queue, self._jobs.owner(caller)
        upload = await queue.uploads.get(owner, source)
        if upload.purpose != "batch":
            raise FieldInvalid(
                f"The file {source} is for {upload.purpose}; upload lines for batch.", field="input_file_id"
            )
        data = await asyncio.to_thread(self._jobs.files.path(source).read_bytes)
        asked = list(islice(lines.read(data, endpoint, self._named), MOST_OF_ONE_REQUEST + 1))
        new, refused = await self._checked(asked, owner, caller)
        wrong = json.dumps(refused[:MOST_SHOWN]) if refused else ""
        batch = Batch(f"batch_{secrets.token_hex(12)}", owner, source, endpoint, json.dumps(about), len(new), wrong)
        batch = replace(batch, session=session_of(caller))
        if refused:
            await queue.batches.add(batch)
        else:
            submission = Submission(owner, batch.id, "", within_s=shapes.WINDOW_S, session=batch.session)
            await self._jobs.keep(submission, new, lambda run: batches.insert(run, batch))
        return await queue.batches.get(owner, batch.id)

    async def _checked(
        self, asked: Sequence[Line | LineRefused], owner: str, caller: Caller
    ) -> tuple[list[NewJob], list[Json]]:
        if not asked:
            return [], [{"code": "empty_file", "message": "The file has no lines.", "param": None, "line": None}]
        if len(asked) > MOST_OF_ONE_REQUEST:
            message = f"The file has more than {MOST_OF_ONE_REQUEST} lines; make several batches of it."
            return [], [{"code": "too_many_tasks", "message": message, "param": None, "line": None}]
        good = [each for each in asked if isinstance(each, Line)]
        lacking = await self._jobs.queue.uploads.lacking(owner, [line.file for line in good])
        checked = list(await asyncio.to_thread(lambda: list(self._each(asked, lacking, caller))))
        new = [each for each in checked if isinstance(each, NewJob)]
        return new, [each.shown for each in checked if isinstance(each, LineRefused)]

    def _each(
        self, asked: Sequence[Line | LineRefused], lacking: set[str], caller: Caller
    ) -> Iterator[NewJob | LineRefused]:
        for line in asked:
            if isinstance(line, LineRefused):
                yield line
                continue
            try:
                if line.file in lacking:
                    raise FieldInvalid(f"There is no file {line.file[:60]!r} of this key.", field="file")
                pipeline = self._jobs.checked(line.config, caller)
                yield NewJob(secrets.token_hex(8), line.custom_id, line.file, 0, pipeline, line.note)
            except ParleyError as error:
                yield LineRefused(line.number, error)

    async def cancel(self, id_: str, caller: Caller) -> Batch:
        """What has not ended yet ends as it is."""
        queue, owner = self._jobs.queue, self._jobs.owner(caller)
        batch = await queue.batches.get(owner, id_)
        if batch.refused or batch.ended_at:
            raise Conflict(f"The batch {id_} has ended; there is nothing to cancel.")
        batch = await queue.batches.cancel(owner, id_)
        for job in [job async for job in self._of(batch) if not job.has_ended]:
            try:
                await queue.cancel(owner, job.id)
            except (Conflict, NotFound):  # it has ended, or was deleted, a moment ago
                continue
        return batch

    async def _of(self, batch: Batch) -> AsyncGenerator[Job]:
        before = 0
        while page := await self._jobs.queue.page(Filter(batch.owner, batch=batch.id), before, PAGE):
            for job in page:
                yield job
            before = page[-1].number

    async def shown(self, batch: Batch) -> Json:
        """As OpenAI shows it; where all its jobs have ended, its files are written first."""
        queue = self._jobs.queue
        sums = await queue.summary(Filter(batch.owner, batch=batch.id))
        counts = {state: jobs for state, (jobs, _, _) in sums.items()}
        if not (batch.refused or batch.ended_at or any(counts.get(state) for state in shapes.OPEN)):
            await self._end(batch)
            batch = await queue.batches.get(batch.owner, batch.id)
        return shapes.batch(batch, counts)

    async def _end(self, batch: Batch) -> None:
        """Every job's line goes into one of two files."""
        jobs = [job async for job in self._of(batch)][::-1]
        done = [job for job in jobs if job.state is JobState.DONE]
        others = [job for job in jobs if job.state is not JobState.DONE]
        output = await asyncio.to_thread(lambda: "".join(self._written(job) for job in done))
        files = [
            await self._kept(batch, name, text)
            for name, text in (("output", output), ("error", "".join(map(lines.refused, others))))
        ]
        late = any(job.reason == "DEADLINE_EXCEEDED" for job in others)
        outcome = "cancelled" if batch.cancelled_at else "expired" if late else "completed"
        ids = [upload.id if upload else "" for upload in files]
        left = [upload for upload in files if upload]
        ended = replace(batch, outcome=outcome, done=len(done), output=ids[0], errors=ids[1])
        if not await self._jobs.queue.batches.end(ended, left):
            for upload in left:  # another request was quicker
                self._jobs.files.remove(upload.id)

    def _written(self, job: Job) -> str:
        return lines.written(job, JobResult(job, self._jobs.file(job, EVENTS)))

    async def _kept(self, batch: Batch, name: str, text: str) -> Upload | None:
        if not text:
            return None
        data = text.encode()
        id_ = f"{PREFIX}{secrets.token_hex(12)}"
        await asyncio.to_thread(self._jobs.files.make, id_, data)
        return Upload(id_, batch.owner, "batch_output", f"{batch.id}_{name}.jsonl", len(data), session=batch.session)
