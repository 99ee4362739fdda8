"""ParleyError -> HTTP and WebSocket, the one table. Must not know an endpoint."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from parley.audit.chain import AuditUnwritable
from parley.errors import ChunkTooLarge, Code, Conflict, ParleyError, SwitchedOff, UploadTooLarge, UploadTooSlow
from parley.jobs.job import DiskFull


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
    SwitchedOff: Refusal(404, 1008),
    Conflict: Refusal(409, 1008),
    UploadTooLarge: Refusal(413, 1009),
    ChunkTooLarge: Refusal(413, 1009),
    UploadTooSlow: Refusal(408, 1008),
    DiskFull: Refusal(507, 1013, retry=True),
    AuditUnwritable: Refusal(507, 1013, retry=True),
}

Shape = Callable[[ParleyError, int], dict[str, object]]


def answer(error: ParleyError) -> Refusal:
    """The status and close code for an error."""
    named = (SPECIAL[kind] for kind in type(error).__mro__ if kind in SPECIAL)
    return next(named, ANSWERS[error.code])


def ours(error: ParleyError, status: int) -> dict[str, object]:
    """The shape of Parley's own API."""
    body = {"code": error.code.name, "reason": error.reason, "message": str(error)}
    return {"error": body | ({"report": error.report} if error.report else {})}


async def deny(socket: WebSocket, error: ParleyError, shape: Shape = ours) -> None:
    """Answers a WebSocket's handshake with the error; where the server cannot do that, with a close."""
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(response(error, shape))
    else:
        await socket.close(answer(error).close, error.reason)


async def refuse(error: ParleyError, shape: Shape, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a request, or a WebSocket before its handshake, with the error alone."""
    if scope["type"] == "http":
        await response(error, shape)(scope, receive, send)
    else:
        await receive()
        await deny(WebSocket(scope, receive, send), error, shape)


def response(error: ParleyError, shape: Shape = ours) -> JSONResponse:
    """An error as a response, in the shape of an API."""
    row = answer(error)
    headers = {"retry-after": str(max(1, math.ceil(error.retry_s or 0)))} if row.retry else {}
    if row.status == 408:
        headers["connection"] = "close"  # what still comes of the body would be read as the next request
    return JSONResponse(shape(error, row.status), row.status, headers)
