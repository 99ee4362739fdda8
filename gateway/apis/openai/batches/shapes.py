"""Files, batches and refusals in OpenAI's shapes. Pure."""

import json
from collections.abc import Mapping, Sequence

from gateway.apis.openai import requests
from parley.errors import Code, ParleyError
from parley.jobs.batches import Batch
from parley.jobs.job import JobState
from parley.jobs.uploads import Upload

Json = dict[str, object]
WINDOW, WINDOW_S = "24h", 86_400.0
OPEN = (JobState.QUEUED, JobState.RUNNING)


def refusal(error: ParleyError, status: int) -> Json:
    """An error; what is not found here is no model."""
    body = requests.refusal(error, status)
    if error.code is Code.NOT_FOUND and isinstance(inner := body["error"], dict):
        inner["code"] = error.reason.lower()
    return body


def file(upload: Upload) -> Json:
    """A file."""
    body: Json = {"id": upload.id, "object": "file", "bytes": upload.bytes, "created_at": int(upload.made_at)}
    body |= {"filename": upload.name, "purpose": upload.purpose, "status": "processed", "status_details": None}
    return body | {"expires_at": int(upload.expires_at) or None}


def page(objects: Sequence[Json], *, more: bool) -> Json:
    """A page of a list; who wants the next asks for what is after its last."""
    ends: Json = {"first_id": objects[0]["id"] if objects else None, "last_id": objects[-1]["id"] if objects else None}
    return {"object": "list", "data": list(objects), "has_more": more} | ends


def batch(row: Batch, counts: Mapping[str, int]) -> Json:
    """A batch, with how many of its jobs are in each state."""
    status, made, ended = _status(row, counts), int(row.made_at), int(row.ended_at) or None
    body: Json = {"id": row.id, "object": "batch", "endpoint": row.endpoint, "input_file_id": row.source}
    body |= {"completion_window": WINDOW, "status": status, "metadata": json.loads(row.about)}
    body |= {"errors": {"object": "list", "data": json.loads(row.refused)} if row.refused else None}
    body |= {"output_file_id": row.output or None, "error_file_id": row.errors or None, "created_at": made}
    body |= {"in_progress_at": None if row.refused else made, "expires_at": made + int(WINDOW_S)}
    body |= {"failed_at": made if row.refused else None, "finalizing_at": ended}
    body |= {"cancelling_at": int(row.cancelled_at) or None}
    body |= {f"{each}_at": ended if status == each else None for each in ("completed", "expired", "cancelled")}
    return body | {"request_counts": _counted(row, counts)}


def _counted(row: Batch, counts: Mapping[str, int]) -> Json:
    """Once it has ended its jobs need not be there any more."""
    done = row.done if row.ended_at else counts.get(JobState.DONE, 0)
    failed = row.total - done if row.ended_at else counts.get(JobState.FAILED, 0)
    return {"total": row.total, "completed": done, "failed": failed}


def _status(row: Batch, counts: Mapping[str, int]) -> str:
    if row.refused:
        return "failed"
    if row.ended_at:
        return row.outcome
    return "cancelling" if row.cancelled_at else "in_progress"
