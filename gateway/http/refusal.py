"""ParleyError -> HTTP and WebSocket, the one table. Must not know an endpoint."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import JSONResponse

from parley.errors import ChunkTooLarge, Code, ParleyError, UploadTooLarge, UploadTooSlow


@dataclass(frozen=True)
class Answer:
    """What a refused caller is told: HTTP's status, and why a WebSocket is closed."""

    status: int
    close: int
    retry: bool = False


ANSWERS = {
    Code.INVALID_ARGUMENT: Answer(400, 1008),
    Code.UNAUTHENTICATED: Answer(401, 1008),
    Code.PERMISSION_DENIED: Answer(403, 1008),
    Code.NOT_FOUND: Answer(404, 1008),
    Code.RESOURCE_EXHAUSTED: Answer(429, 1013, retry=True),
    Code.UNAVAILABLE: Answer(503, 1013, retry=True),
    Code.DEADLINE_EXCEEDED: Answer(504, 1011),
    Code.FAILED_PRECONDITION: Answer(500, 1011),
    Code.INTERNAL: Answer(500, 1011),
}
# HTTP has names of its own for these.
SPECIAL = {
    UploadTooLarge: Answer(413, 1009),
    ChunkTooLarge: Answer(413, 1009),
    UploadTooSlow: Answer(408, 1008),
}

Shape = Callable[[ParleyError, int], dict[str, object]]


def answer(error: ParleyError) -> Answer:
    """The table's row of an error."""
    return SPECIAL.get(type(error)) or ANSWERS[error.code]


def ours(error: ParleyError, status: int) -> dict[str, object]:
    """The shape of Parley's own API."""
    body = {"code": error.code.name, "reason": error.reason, "message": str(error)}
    return {"error": body | ({"report": error.report} if error.report else {})}


def response(error: ParleyError, shape: Shape = ours) -> JSONResponse:
    """An error as a response, in the shape of an API."""
    row = answer(error)
    headers = {"retry-after": str(max(1, math.ceil(error.retry_s or 0)))} if row.retry else {}
    if row.status == 408:
        headers["connection"] = "close"  # what still comes of the body would be read as the next request
    return JSONResponse(shape(error, row.status), row.status, headers)
