"""ParleyError -> HTTP and WebSocket, the one table. Must not know an endpoint."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import JSONResponse

from parley.errors import ChunkTooLarge, Code, Conflict, ParleyError, UploadTooLarge, UploadTooSlow


@dataclass(frozen=True)
class Refusal:
    """How an error is answered: HTTP status, headers, and the close code of a WebSocket."""

    status: int
    close: int
    retry: bool = False


ANSWERS = {
    Code.INVALID_ARGUMENT: Refusal(400, 1008),
    Code.UNAUTHENTICATED: Refusal(401, 1008),
    Code.PERMISSION_DENIED: Refusal(403, 1008),
    Code.NOT_FOUND: Refusal(404, 1008),
    Code.RESOURCE_EXHAUSTED: Refusal(429, 1013, retry=True),
    Code.UNAVAILABLE: Refusal(503, 1013, retry=True),
    Code.DEADLINE_EXCEEDED: Refusal(504, 1011),
    Code.FAILED_PRECONDITION: Refusal(500, 1011),
    Code.INTERNAL: Refusal(500, 1011),
}
# HTTP has names of its own for these.
SPECIAL = {
    Conflict: Refusal(409, 1008),
    UploadTooLarge: Refusal(413, 1009),
    ChunkTooLarge: Refusal(413, 1009),
    UploadTooSlow: Refusal(408, 1008),
}

Shape = Callable[[ParleyError, int], dict[str, object]]


def answer(error: ParleyError) -> Refusal:
    """The status and close code for an error."""
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
