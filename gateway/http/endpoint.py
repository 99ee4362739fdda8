"""What an API offers over HTTP: paths, handlers, and the shape of its errors. Must not know an API."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from gateway.caller import Caller
from gateway.http import refusal
from gateway.http.fields import Fields
from parley.v1.pipeline_pb2 import Notice
from parley.wire import protocol

log = logging.getLogger(__name__)
Handler = Callable[[Fields, Caller], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """One method of one path."""

    method: str
    path: str
    handler: Handler
    shape: refusal.Shape = refusal.ours  # of what is refused here
    is_cached: bool = False  # the same request gets the same answer, as long as the same models serve


def metadata(asked: HTTPConnection) -> dict[str, str]:
    """A request's headers, as gRPC would carry them; cookies are not for us."""
    return {name: value for name, value in asked.headers.items() if name != "cookie"}


def peer(asked: HTTPConnection) -> str:
    """The host that asks; empty behind a Unix socket, which has none."""
    return asked.client.host if asked.client else ""


def served(model: str, notices: Iterable[Notice] = ()) -> dict[str, str]:
    """Which model served, and what did not go as asked."""
    headers = {protocol.MODEL: model, "parley-notices": ", ".join(f"{each.stage} {each.reason}" for each in notices)}
    return {name: value for name, value in headers.items() if value}


def ignored(fields: Fields, known: Iterable[str]) -> dict[str, str]:
    """Some foreign servers take fields that they do not know; ours says which it did not heed."""
    if not (strange := fields.unknown(known)):
        return {}
    log.info("fields that nobody knows", extra={"fields": strange})
    return {"parley-ignored": ", ".join(quote(name, safe="[]") for name in strange)}


async def upgrade(fields: Fields, caller: Caller) -> Response:
    """What a plain GET of a WebSocket is told."""
    body = {
        "code": "FAILED_PRECONDITION",
        "reason": "UPGRADE_REQUIRED",
        "message": "This is a WebSocket; see /docs.",
    }
    return JSONResponse({"error": body}, 426, {"upgrade": "websocket", "connection": "upgrade"})
