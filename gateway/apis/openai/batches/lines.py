"""The lines of a batch: what each asks for, and what came of it. Must not know HTTP.

A line's body has the fields of the form that its endpoint takes; `file` is the id of a file that was uploaded before.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.apis.native.job_results import JobResult
from gateway.apis.openai import answers, requests
from gateway.http.fields import Fields
from parley.errors import BadInput, FieldInvalid, ParleyError
from parley.jobs.job import Job
from parley.v1.pipeline_pb2 import PipelineConfig

TRANSCRIPTIONS, TRANSLATIONS = "/v1/audio/transcriptions", "/v1/audio/translations"
ENDPOINTS = (TRANSCRIPTIONS, TRANSLATIONS)
KEYS = ("custom_id", "method", "url", "body")
LEFT_OUT = ("stream", "known_speaker_names", "known_speaker_references")
LONGEST_ID = 512
JSON = "application/json"

Json = dict[str, object]


@dataclass(frozen=True)
class Line:
    """One request."""

    file: str
    config: PipelineConfig
    note: str  # how its answer is written
    custom_id: str = ""
    number: int = 0  # in the file, from 1


@dataclass(frozen=True)
class LineRefused:
    """A line that asks for nothing that can be done."""

    number: int
    error: ParleyError

    @property
    def shown(self) -> Json:
        """As OpenAI shows it."""
        param = self.error.field or None if isinstance(self.error, FieldInvalid) else None
        said: Json = {"code": self.error.reason.lower(), "message": str(self.error)}
        return said | {"param": param, "line": self.number}


def read(data: bytes, endpoint: str, named: requests.Named) -> Iterator[Line | LineRefused]:
    """Every line that is not empty, or what is wrong with it; they are counted from 1."""
    seen = set[str]()
    for number, text in enumerate(data.splitlines(), 1):
        if not text.strip():
            continue
        try:
            line = _line(text, endpoint, named)
            if line.custom_id in seen:
                raise FieldInvalid(f"`custom_id` {line.custom_id!r} was given before.", field="custom_id")
            seen.add(line.custom_id)
            yield replace(line, number=number)
        except ParleyError as error:
            yield LineRefused(number, error)


def _line(text: bytes, endpoint: str, named: requests.Named) -> Line:
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput("The line is no JSON; write one object a line.") from None
    if not isinstance(asked, dict) or not isinstance(body := asked.get("body"), dict):
        raise FieldInvalid("The line has no `body`; write custom_id, method, url and body.", field="body")
    Fields(asked).only(KEYS)
    custom_id = Fields(asked).text("custom_id")
    if not (0 < len(custom_id) <= LONGEST_ID and custom_id.isprintable()):
        raise FieldInvalid(f"`custom_id` must be a text of 1 to {LONGEST_ID} letters.", field="custom_id")
    if (asked.get("method"), asked.get("url")) != ("POST", endpoint):
        raise FieldInvalid(
            f"The batch is for POST {endpoint}; write this `method` and `url` in every line.", field="url"
        )
    return replace(_asked(Fields(body), endpoint, named), custom_id=custom_id)


def _asked(body: Fields, endpoint: str, named: requests.Named) -> Line:
    if left_out := next((name for name in LEFT_OUT if name in body.values), None):
        raise FieldInvalid(f"`{left_out}` does not go with a batch; leave it out.", field=left_out)
    if not (file := body.text("file")):
        raise FieldInvalid("`file` is missing; write the id of an uploaded file, file-...", field="file")
    if endpoint == TRANSLATIONS:
        wanted, task = requests.asked_in_english(body, named), "translate"
        wanted.config.translate.add(target_language="en")
    else:
        wanted, task = requests.asked(body, named), "transcribe"
    note = {"shape": wanted.shape, "granularities": wanted.granularities, "task": task}
    return Line(file, wanted.config, json.dumps(note))


def written(job: Job, result: JobResult) -> str:
    """The line of the output file of a job that is done."""
    note = json.loads(job.note)
    heard = result.translated("en") if note["task"] == "translate" else result.heard
    body, kind = answers.answer(heard, note["shape"], note["granularities"], note["task"])
    response = {"status_code": 200, "request_id": job.id, "body": json.loads(body) if kind == JSON else body}
    return _text(job, response, None)


def refused(job: Job) -> str:
    """The line of the error file of a job that is not."""
    code = {"DEADLINE_EXCEEDED": "batch_expired", "": "batch_cancelled"}.get(job.reason, job.reason.lower())
    return _text(job, None, {"code": code, "message": job.message or "The batch was cancelled before it was done."})


def _text(job: Job, response: Json | None, error: Json | None) -> str:
    line = {"id": f"batch_req_{job.id}", "custom_id": job.name, "response": response, "error": error}
    return json.dumps(line, ensure_ascii=False) + "\n"
