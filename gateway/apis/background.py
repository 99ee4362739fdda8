"""parley.v1.Jobs over gRPC. No decisions in it."""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from functools import partial
from typing import Any

from google.protobuf.message import Message

from gateway.access.upload_memory import UploadMemory
from gateway.apis import calls
from gateway.apis.calls import Context
from gateway.apis.native import job_results
from gateway.config import LARGEST_CHUNK, Limits
from gateway.core import Caller
from gateway.jobs import JobRequest, Jobs
from parley.errors import BadInput, ConfigExpected, ConfigRepeated, EmptyMessage, UploadTooLarge
from parley.jobs.filter import Filter
from parley.jobs.job import SOUND, Job, JobState
from parley.v1 import jobs_pb2 as v1
from parley.wire import protocol, rules

SERVICE = "parley.v1.Jobs"
LISTED_USUALLY, LONGEST_CURSOR = 100, 15
STATES: dict[JobState, Any] = {state: v1.JobState.Value(f"JOB_STATE_{state.name}") for state in JobState}
Unary = Callable[[Any, Caller], Awaitable[Message]]
Streamed = Callable[[Any, Caller], AsyncGenerator[Message]]
Handler = Callable[[Context], Awaitable[None]]


class BackgroundJobs:
    """One method a method."""

    def __init__(self, jobs: Jobs, limits: Limits, memory: UploadMemory) -> None:
        self._jobs, self._limits, self._memory = jobs, limits, memory

    def handlers(self) -> dict[str, Handler]:
        """Path -> what answers it; each reads its requests and writes its answers by itself."""
        unary: list[tuple[str, type[Message], Unary]] = [
            ("Get", v1.JobsGetRequest, self._get),
            ("List", v1.JobsListRequest, self._list),
            ("Cancel", v1.JobsCancelRequest, self._cancel),
            ("Retry", v1.JobsRetryRequest, self._retry),
            ("Delete", v1.JobsDeleteRequest, self._delete),
        ]
        streamed: list[tuple[str, type[Message], Streamed]] = [
            ("Watch", v1.JobsWatchRequest, self._watch),
            ("Results", v1.JobsResultsRequest, self._results),
        ]
        found: dict[str, Handler] = {name: partial(self._one, kind, answer) for name, kind, answer in unary}
        found |= {name: partial(self._many, kind, answer) for name, kind, answer in streamed}
        return {f"/{SERVICE}/{name}": handler for name, handler in (found | {"Submit": self._submit}).items()}

    async def _one(self, kind: type[Message], answer: Unary, context: Context) -> None:
        request = await self._request(kind, context)
        await context.write((await answer(request, calls.caller(context))).SerializeToString())

    async def _many(self, kind: type[Message], answer: Streamed, context: Context) -> None:
        request = await self._request(kind, context)
        async with aclosing(answer(request, calls.caller(context))) as answers:
            async for each in answers:
                await context.write(each.SerializeToString())

    async def _request(self, kind: type[Message], context: Context) -> Message:
        data = await calls.first(context, self._limits)
        if data is protocol.EOF:
            raise EmptyMessage(f"A call needs one {kind.DESCRIPTOR.name}; send it.")
        return _parsed(kind, data)

    async def _submit(self, context: Context) -> None:
        read = partial(_parsed, v1.JobsSubmitRequest)
        with self._memory.reserve() as reservation:
            requests = calls.all_of(context, self._limits, self._limits.sound_s, read=read)
            config, upload = await self._sent(requests, reservation.take)
            jobs = await self._jobs.submit(_asked(config, upload), calls.caller(context))
        told = v1.JobsSubmitResponse(batch=jobs[0].batch if jobs else "", jobs=map(shown, jobs))
        await context.write(told.SerializeToString())

    async def _sent(
        self, requests: AsyncIterator[Any], take: Callable[[int], None]
    ) -> tuple[v1.JobsSubmitConfig, bytes | None]:
        """The config, and the whole file; None: none was sent."""
        first = await anext(requests, None)
        if first is None or first.WhichOneof("message") != "config":
            raise ConfigExpected("A submission begins with its config; send that first.")
        upload, most = bytearray(), self._limits.upload_bytes
        async for request in requests:
            kind = request.WhichOneof("message")
            if kind != "data":
                raise ConfigRepeated("A submission has one config.") if kind else EmptyMessage("Send bytes as `data`.")
            if len(upload) + len(request.data) > most:
                raise UploadTooLarge(f"The recording is too large; send at most {most} bytes.")
            take(len(request.data))
            upload += request.data
        return first.config, bytes(upload) or None

    async def _get(self, request: v1.JobsGetRequest, caller: Caller) -> Message:
        return v1.JobsGetResponse(job=shown(await self._job(request.id, caller)))

    async def _list(self, request: v1.JobsListRequest, caller: Caller) -> Message:
        states = [state for state, number in STATES.items() if number in request.states]
        if request.cursor and not (request.cursor.isdecimal() and len(request.cursor) <= LONGEST_CURSOR):
            raise BadInput("`cursor` is none of ours; send the `next` of a page.")
        which, most = Filter(self._jobs.owner(caller), states, request.batch), request.limit or LISTED_USUALLY
        jobs = await self._jobs.queue.page(which, int(request.cursor or 0), most)
        told = v1.JobsListResponse(jobs=map(shown, jobs), next=str(jobs[-1].number) if len(jobs) == most else "")
        for name, (count, done_s, whole_s) in (await self._jobs.queue.summary(which)).items():
            row = told.summary.add(state=STATES[JobState(name)], jobs=count)
            row.done.FromNanoseconds(_ns(done_s))
            row.whole.FromNanoseconds(_ns(whole_s))
        return told

    async def _watch(self, request: v1.JobsWatchRequest, caller: Caller) -> AsyncGenerator[Message]:
        async with aclosing(self._jobs.watch(request.id, caller)) as states:
            async for job in states:
                yield v1.JobsWatchResponse(job=shown(job))

    async def _cancel(self, request: v1.JobsCancelRequest, caller: Caller) -> Message:
        job = await self._jobs.queue.cancel(self._jobs.owner(caller), request.id)
        return v1.JobsCancelResponse(job=shown(job))

    async def _retry(self, request: v1.JobsRetryRequest, caller: Caller) -> Message:
        job = await self._jobs.queue.retry(self._jobs.owner(caller), request.id)
        return v1.JobsRetryResponse(job=shown(job))

    async def _delete(self, request: v1.JobsDeleteRequest, caller: Caller) -> Message:
        await self._jobs.delete(request.id, caller)
        return v1.JobsDeleteResponse()

    async def _results(self, request: v1.JobsResultsRequest, caller: Caller) -> AsyncGenerator[Message]:
        job = await self._job(request.id, caller)
        job_results.check(job, request.format)
        pieces = self._written(job, request.format)
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield v1.JobsResultsResponse(data=piece)

    def _written(self, job: Job, kind: str) -> Iterator[bytes]:
        """A recording of hours is not held."""
        sound = self._jobs.file(job, SOUND) if kind == "flac" else None
        with sound.open("rb") if sound else io.BytesIO(job_results.written(job, kind, self._jobs.file)) as file:
            while piece := file.read(LARGEST_CHUNK):
                yield piece

    async def _job(self, id_: str, caller: Caller) -> Job:
        return await self._jobs.queue.get(self._jobs.owner(caller), id_)


def _parsed(kind: type[Message], data: bytes) -> Message:
    request = protocol.parse(kind, data)
    rules.check(request)
    return request


def _asked(config: v1.JobsSubmitConfig, upload: bytes | None) -> JobRequest:
    if sum((upload is not None, bool(config.urls), bool(config.folder))) != 1:
        raise BadInput("Send one recording as `data`, or name `urls` or a `folder` of the server's.")
    for name in ("name", "batch", "idempotency_key"):
        if not getattr(config, name).isprintable():
            raise BadInput(f"`{name}` is no text; give up to 255 letters.")
    return JobRequest(
        pipeline=config.pipeline,
        upload=upload,
        name=config.name,
        urls=list(config.urls),
        folder=config.folder,
        batch=config.batch,
        key=config.idempotency_key,
        within_s=config.deadline.ToTimedelta().total_seconds(),
        webhook=config.webhook,
    )


def shown(job: Job) -> v1.BackgroundJob:
    """A job as its submitter sees it."""
    told = v1.BackgroundJob(
        id=job.id,
        batch=job.batch,
        name=job.name,
        state=STATES[job.state],
        stage=job.stage,
        attempts=job.attempt,
        reason=job.reason,
        message=job.message,
        results=job_results.formats(job),
    )
    told.done.FromNanoseconds(_ns(job.done_s))
    if job.duration_s:
        told.whole.FromNanoseconds(_ns(job.duration_s))
    if job.eta_s is not None:
        told.left.FromNanoseconds(_ns(job.eta_s))
    for moment, at in ((told.submitted, job.made_at), (told.begun, job.begun_at), (told.ended, job.ended_at)):
        if at:
            moment.FromNanoseconds(_ns(at))
    return told


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
