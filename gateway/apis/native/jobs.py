"""The endpoints of background jobs. No decisions in them."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from gateway.apis.native import job_results, telling
from gateway.apis.native.job_results import KINDS
from gateway.caller import Caller
from gateway.http import transcode
from gateway.http.endpoint import Endpoint
from gateway.http.fields import Fields
from gateway.jobs import JobRequest, Jobs
from parley.errors import FieldInvalid
from parley.jobs.filter import Filter
from parley.jobs.hooks import DEAD, OWED, TOLD
from parley.jobs.job import SOUND, Job, JobState
from parley.v1.pipeline_pb2 import PipelineConfig
from parley.wire.pipeline import ADDED, pipeline_config
from parley.wire.stages import StageContract

PATH = "/v1/jobs"
SUBMITTED = ("file", "urls", "folder", "name", "batch", "pipeline", "idempotency_key", "deadline_s", "webhook")
LISTED = ("state", "batch", "webhook", "cursor", "limit")
WITH_TRACKS = [stage for stage in ADDED if stage.gives_tracks]
KEY = "idempotency-key"  # a header
MOST_LISTED, LISTED_USUALLY = 1000, 100
LONGEST_DEADLINE_S = 366 * 86_400.0


class JobsApi:
    """One method an endpoint."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [
            Endpoint("POST", PATH, self.submit),
            Endpoint("GET", PATH, self.list),
            Endpoint("GET", f"{PATH}/{{id}}", self.show),
            Endpoint("DELETE", f"{PATH}/{{id}}", self.delete),
            Endpoint("POST", f"{PATH}/{{id}}/cancel", self.cancel),
            Endpoint("POST", f"{PATH}/{{id}}/retry", self.retry),
            Endpoint("POST", f"{PATH}/{{id}}/webhook", self.replay),
            Endpoint("GET", f"{PATH}/{{id}}/events", self.events),
            Endpoint("GET", f"{PATH}/{{id}}/results/{{format}}", self.results),
            *(Endpoint("POST", batch_path(stage), partial(self.submit_alone, stage)) for stage in WITH_TRACKS),
        ]

    def sockets(self) -> list[WebSocketRoute]:
        """What answers WebSockets."""
        return [WebSocketRoute(f"{PATH}/{{id}}/events", self.live)]

    async def submit(self, fields: Fields, caller: Caller) -> Response:
        """One recording that is sent, or some that lie elsewhere."""
        fields.only(SUBMITTED)
        jobs = await self._jobs.submit(_asked(fields, caller), caller)
        return JSONResponse({"batch": jobs[0].batch if jobs else "", "jobs": [shown(job) for job in jobs]})

    async def submit_alone(self, stage: StageContract, fields: Fields, caller: Caller) -> Response:
        """The same of one stage, whose tracks are all kept."""
        fields.only((*(set(SUBMITTED) - {"pipeline"}), "config", "model"))
        jobs = await self._jobs.submit(_asked(fields, caller, _alone(stage, fields)), caller)
        return JSONResponse({"batch": jobs[0].batch if jobs else "", "jobs": [shown(job) for job in jobs]})

    async def list(self, fields: Fields, caller: Caller) -> Response:
        """The newest first, and how many there are of each state."""
        fields.only(LISTED)
        queue, which = self._jobs.queue, _filter(fields, self._jobs.owner(caller))
        most = fields.count("limit", MOST_LISTED) or LISTED_USUALLY
        jobs = await queue.page(which, fields.count("cursor", 1 << 53), most)
        sums = await queue.summary(which)
        body: dict[str, object] = {"jobs": [shown(job) for job in jobs]}
        body["next"] = str(jobs[-1].number) if len(jobs) == most else None
        body["summary"] = {state: _summed(*sums.get(state.value, (0, 0.0, 0.0))) for state in JobState}
        return JSONResponse(body)

    async def show(self, fields: Fields, caller: Caller) -> Response:
        """One job as it is."""
        return JSONResponse(shown(await self._job(fields, caller)))

    async def delete(self, fields: Fields, caller: Caller) -> Response:
        """Ends it, and forgets everything of it."""
        await self._jobs.delete(fields.text("id"), caller)
        return JSONResponse({"id": fields.text("id"), "deleted": True})

    async def cancel(self, fields: Fields, caller: Caller) -> Response:
        """Ends it; the recording stays, for a retry."""
        return JSONResponse(shown(await self._jobs.queue.cancel(self._jobs.owner(caller), fields.text("id"))))

    async def retry(self, fields: Fields, caller: Caller) -> Response:
        """Begins a failed or cancelled one anew."""
        return JSONResponse(shown(await self._jobs.queue.retry(self._jobs.owner(caller), fields.text("id"))))

    async def replay(self, fields: Fields, caller: Caller) -> Response:
        """Tells its webhook once more."""
        return JSONResponse(shown(await self._jobs.replay(fields.text("id"), caller)))

    async def events(self, fields: Fields, caller: Caller) -> Response:
        """The job again whenever it is further, until it has ended."""
        return telling.as_events(self._told(fields.text("id"), caller))

    async def live(self, socket: WebSocket) -> None:
        """The same over a WebSocket, a text frame each."""
        await telling.over(socket, lambda caller: self._told(socket.path_params["id"], caller))

    async def _told(self, job: str, caller: Caller) -> telling.Events:
        async with aclosing(self._jobs.watch(job, caller)) as states:
            async for state in states:
                yield shown(state)

    async def results(self, fields: Fields, caller: Caller) -> Response:
        """What came of it, in one format."""
        kind, job = fields.text("format"), await self._job(fields, caller)
        job_results.check(job, kind)
        if kind == "flac":
            return FileResponse(self._jobs.file(job, SOUND), media_type=KINDS[kind])
        body = await asyncio.to_thread(job_results.written, job, kind, self._jobs.file)
        return Response(body, media_type=KINDS[kind])

    async def _job(self, fields: Fields, caller: Caller) -> Job:
        return await self._jobs.queue.get(self._jobs.owner(caller), fields.text("id"))


def batch_path(stage: StageContract) -> str:
    """Where recordings are sent that go through this stage in the background."""
    return f"/v1/audio/{stage.name}/batch"


def _alone(stage: StageContract, fields: Fields) -> PipelineConfig:
    given = fields.values.get("config", "")
    if isinstance(given, dict):
        config: Any = transcode.field_config(given, stage.config, "config")
    else:
        config = transcode.stage_config(fields.text("config") or "{}", stage.config)
    config.others = True
    model = fields.text("model")
    return pipeline_config([config], models={stage.name: model} if model else {})


def _asked(fields: Fields, caller: Caller, pipeline: PipelineConfig | None = None) -> JobRequest:
    urls, folder = fields.texts("urls"), fields.text("folder")
    if sum((fields.upload is not None, bool(urls), bool(folder))) != 1:
        raise FieldInvalid("Send one recording as `file`, or name `urls` or a `folder` of the server's.", field="file")
    return JobRequest(
        pipeline=pipeline or _pipeline(fields),
        upload=fields.upload,
        name=_named(fields, "name", fields.name),
        urls=urls,
        folder=folder,
        batch=_named(fields, "batch"),
        key=_named(fields, "idempotency_key", caller.metadata.get(KEY, "")),
        within_s=fields.number("deadline_s", 0, LONGEST_DEADLINE_S),
        webhook=fields.text("webhook"),
    )


def _pipeline(fields: Fields) -> PipelineConfig:
    """As JSON text in a form or query, as an object in a JSON body."""
    given = fields.values.get("pipeline", "")
    if isinstance(given, dict):
        return transcode.field_config(given, PipelineConfig, "pipeline")
    return transcode.stage_config(fields.text("pipeline") or "{}", PipelineConfig, "pipeline")


def _named(fields: Fields, name: str, default: str = "") -> str:
    text = fields.text(name) or default
    if len(text) > 255 or not text.isprintable():
        raise FieldInvalid(f"`{name}` is too long or no text; give up to 255 letters.", field=name)
    return text


def _filter(fields: Fields, owner: str) -> Filter:
    states = fields.texts("state")
    if strange := next((each for each in states if each not in list(JobState)), ""):
        raise FieldInvalid(f"`state` is {strange!r}; say one of {', '.join(JobState)}.", field="state")
    hook = fields.choice("webhook", ("", OWED, TOLD, DEAD))
    return Filter(owner, [JobState(each) for each in states], fields.text("batch"), hook)


def shown(job: Job) -> dict[str, object]:
    """A job as its submitter sees it."""
    progress: dict[str, object] = {"stage": job.stage, "done_s": round(job.done_s, 3)}
    progress |= {
        "duration_s": round(job.duration_s, 3) or None,
        "eta_s": None if job.eta_s is None else round(job.eta_s, 1),
    }
    return {
        "id": job.id,
        "batch": job.batch,
        "name": job.name,
        "state": job.state.value,
        "progress": progress,
        "attempts": job.attempt,
        "submitted": _moment(job.made_at),
        "begun": _moment(job.begun_at),
        "ended": _moment(job.ended_at),
        "error": {"reason": job.reason, "message": job.message} if job.reason else None,
        "results": job_results.formats(job),
        "webhook": {"url": job.webhook, "state": job.hook, "tries": job.hook_tries, "message": job.hook_message}
        if job.webhook
        else None,
    }


def _summed(jobs: int, done_s: float, duration_s: float) -> dict[str, object]:
    return {"jobs": jobs, "done_s": round(done_s, 3), "duration_s": round(duration_s, 3)}


def _moment(at: float) -> str | None:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") if at else None
