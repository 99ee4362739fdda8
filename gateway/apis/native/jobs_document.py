"""The part of the OpenAPI document that describes background jobs. Must not know how they are served."""

from gateway.apis.native.job_results import KINDS
from gateway.apis.native.jobs import PATH, WITH_TRACKS, batch_path
from gateway.http.document.phrases import CALL, FILE, TEXT, content, fields, good, operation
from gateway.http.document.schema import Json, ref
from parley.jobs.job import JobState
from parley.wire.stages import StageContract

URL = f"http://localhost:8080{PATH}"
ID = "7d9f2c4be18a6035"
STATES = [state.value for state in JobState]
PROGRESS = {"stage": "transcribe", "done_s": 12.5, "duration_s": 60.0, "eta_s": 9.5}
EXAMPLE: Json = {
    "id": ID,
    "batch": "monday",
    "name": "talk.wav",
    "state": "running",
    "progress": PROGRESS,
    "attempts": 1,
}
EXAMPLE |= {"submitted": "2026-03-01T10:00:00.000+00:00", "begun": "2026-03-01T10:00:00.100+00:00", "ended": None}
EXAMPLE |= {"error": None, "results": [], "webhook": None}
MAYBE_TEXT: Json = {"type": ["string", "null"]}
MAYBE: Json = {"type": ["number", "null"]}
JOB: Json = fields(
    ("id", "batch", "name", "state", "progress", "results"),
    id=TEXT,
    batch=TEXT,
    name=TEXT,
    state={"type": "string", "enum": STATES},
    progress=fields((), stage=TEXT, done_s={"type": "number"}, duration_s=MAYBE, eta_s=MAYBE),
    attempts={"type": "integer"},
    submitted=TEXT,
    begun=MAYBE_TEXT,
    ended=MAYBE_TEXT,
    error={"type": ["object", "null"]},
    webhook={"type": ["object", "null"]},
    results={"type": "array", "items": {"enum": list(KINDS)}},
)
JOBS: Json = {"type": "array", "items": JOB}
ONE = good("The job as it is.", content("application/json", JOB, EXAMPLE))
NAMED: Json = TEXT | {"maxLength": 255}
WISH: Json = {
    "name": NAMED | {"description": "What the recording is called; else as its file is."},
    "batch": NAMED | {"description": "What belongs together; jobs are listed by it."},
    "idempotency_key": NAMED
    | {"description": "The same again gives the same jobs back. Also a header, Idempotency-Key."},
    "webhook": TEXT | {"description": "An address that is told, signed, when a job has ended: standardwebhooks.com."},
    "deadline_s": {"type": "number", "minimum": 0, "description": "Failed when it is not done by then; 0: never."},
}
PIPELINE: Json = {"description": "Which stages; absent: asr. As JSON text in a form.", **ref("PipelineConfig")}
PARAMETER: Json = {"name": "id", "in": "path", "required": True, "schema": TEXT | {"minLength": 1}, "example": ID}
FORMAT: Json = {"name": "format", "in": "path", "required": True, "schema": {"enum": list(KINDS)}, "example": "srt"}
LIMIT: Json = {"type": "integer", "minimum": 0, "maximum": 1000, "default": 100}
FILTERS: list[Json] = [
    {"name": "state", "in": "query", "schema": {"type": "array", "items": {"enum": STATES}}},
    {"name": "batch", "in": "query", "schema": TEXT},
    {"name": "webhook", "in": "query", "schema": {"enum": ["owed", "told", "dead"]}},
    {"name": "cursor", "in": "query", "schema": {"type": "integer", "minimum": 0}, "description": "`next` of a page."},
    {"name": "limit", "in": "query", "schema": LIMIT},
]
SUMMARY: Json = {"type": "object", "additionalProperties": {"type": "object"}}
SUMMED = {"running": {"jobs": 1, "done_s": 12.5, "duration_s": 60.0}}
SENT = content(
    "multipart/form-data",
    fields(("file",), file=FILE, pipeline=PIPELINE, **WISH),
    {"file": "talk.wav", "pipeline": "{}"},
) | content(
    "application/json",
    fields((), urls={"type": "array", "items": TEXT}, folder=TEXT, pipeline=PIPELINE, **WISH),
    {"folder": "/recordings/monday", "pipeline": {"asr": {}, "diarize": {}}},
)


def _of_one(summary: str, answer: Json, curl: str, *more: Json) -> Json:
    return operation(summary, answer, curl=curl) | {"parameters": [PARAMETER, *more]}


def _result(kind: str) -> Json:
    binary = {"type": "string", "format": "binary"}
    media = KINDS[kind].partition(";")[0]
    return content(
        media,
        {"type": "object"} if kind == "json" else binary if kind in ("flac", "zip") else TEXT,
        {} if kind == "json" else "",
    )


def _batch(stage: StageContract) -> Json:
    config = ref(stage.config.DESCRIPTOR.name) | {"description": "As JSON text in a form."}
    asked: dict[str, Json] = {"config": config, "model": TEXT, **WISH}
    sent = content(
        "multipart/form-data", fields(("file",), file=FILE, **asked), {"file": "talk.wav", "config": "{}"}
    ) | content(
        "application/json",
        fields((), urls={"type": "array", "items": TEXT}, folder=TEXT, **asked),
        {"folder": "/recordings/monday", "config": {}},
    )
    kept = good(
        "They are kept, and done once there is time; each job's zip holds every track.",
        content(
            "application/json",
            fields(("batch", "jobs"), batch=TEXT, jobs=JOBS),
            {"batch": "monday", "jobs": [EXAMPLE]},
        ),
    )
    what = f"Submit recordings for the background, which the stage {stage.name} alone hears"
    curl = f"{CALL} -F batch=monday http://localhost:8080{batch_path(stage)}"
    return {"post": operation(what, kept, sent, curl=curl)}


PATHS: Json = {
    **{batch_path(stage): _batch(stage) for stage in WITH_TRACKS},
    PATH: {
        "post": operation(
            "Submit recordings for the background: one that is sent, or some at addresses or in a server's folder",
            good(
                "They are kept, and done once there is time.",
                content(
                    "application/json",
                    fields(("batch", "jobs"), batch=TEXT, jobs=JOBS),
                    {"batch": "monday", "jobs": [EXAMPLE]},
                ),
            ),
            SENT,
            curl=f"{CALL} -F batch=monday {URL}",
        ),
        "get": operation(
            "This key's jobs, the newest first, and how many there are of each state",
            good(
                "A page of them; `next` is the cursor of the one behind it.",
                content(
                    "application/json",
                    fields(("jobs", "summary"), jobs=JOBS, summary=SUMMARY, next=MAYBE_TEXT),
                    {"jobs": [EXAMPLE], "summary": SUMMED, "next": None},
                ),
            ),
            curl=f"curl '{URL}?batch=monday&state=failed'",
        )
        | {"parameters": FILTERS},
    },
    f"{PATH}/{{id}}": {
        "get": _of_one("One job", ONE, f"curl {URL}/{ID}"),
        "delete": _of_one(
            "End a job and forget it: its recording, what was made of it, its row",
            good(
                "Nothing is left.", content("application/json", fields(("id",), id=TEXT), {"id": ID, "deleted": True})
            ),
            f"curl -X DELETE {URL}/{ID}",
        ),
    },
    f"{PATH}/{{id}}/cancel": {
        "post": _of_one("End a job; its recording stays", ONE, f"curl -X POST {URL}/{ID}/cancel")
    },
    f"{PATH}/{{id}}/retry": {
        "post": _of_one("Begin a failed or cancelled job anew", ONE, f"curl -X POST {URL}/{ID}/retry")
    },
    f"{PATH}/{{id}}/webhook": {
        "post": _of_one("Tell a job's webhook once more that it has ended", ONE, f"curl -X POST {URL}/{ID}/webhook")
    },
    f"{PATH}/{{id}}/events": {
        "get": _of_one(
            "A job again whenever it is further, until it has ended; over a WebSocket on the same path as text frames",
            good(
                "Server-sent events.",
                content("text/event-stream", TEXT, f'data: {{"id": "{ID}", "state": "running"}}\n\n'),
            ),
            f"curl -N {URL}/{ID}/events",
        )
    },
    f"{PATH}/{{id}}/results/{{format}}": {
        "get": _of_one(
            "What came of a job",
            good("In that format.", {kind: body for each in KINDS for kind, body in _result(each).items()}),
            f"curl {URL}/{ID}/results/srt",
            FORMAT,
        )
    },
}
