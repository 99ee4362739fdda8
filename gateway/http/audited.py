"""Every request over HTTP, and every WebSocket, is a record of the audit log. Must not know an endpoint.

Outside of the gate, so that who is refused is recorded too. Pages, health and metrics are not: they are for everybody.
"""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access.audit import HUNG_UP, Audit
from gateway.access.entry import Entry
from gateway.http import refusal
from gateway.http.cache import CACHE
from gateway.http.gate import OF_KEYS, is_page
from parley.errors import ParleyError
from parley.wire.keys import label_of

GONE = 499  # nobody reads the answer
NO_ROUTE, NORMAL = (404, 405), (1000, 1001, 1005)


class Audited:
    """Wraps an app: what it is asked is recorded; where it must be and cannot, nothing is asked."""

    def __init__(self, app: ASGIApp, audit: Audit, shapes: Mapping[str, refusal.Shape]) -> None:
        self._app, self._audit, self._shapes = app, audit, shapes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on, with an entry that all who work on it may add to."""
        if not self._audit.on or scope["type"] not in ("http", "websocket") or is_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            self._audit.check()
        except ParleyError as error:
            await refusal.refuse(error, self._shapes.get(scope["path"], refusal.ours), scope, receive, send)
            return
        peer, _ = scope.get("client") or ("", 0)
        with self._audit.call(f"{scope.get('method', 'WEBSOCKET')} {_shown(scope['path'])}", peer) as entry:
            await self._app(scope, receive, Watched(send, entry) if entry else send)


def _shown(path: str) -> str:
    """A key's id in a path is shown as it is elsewhere in the log."""
    where, slash, key = path.rpartition("/")
    return f"{where}/{label_of(key)}" if f"{where}{slash}" == OF_KEYS else path


class Watched:
    """What is sent back, read for how the call ends."""

    def __init__(self, send: Send, entry: Entry) -> None:
        self._send, self._entry = send, entry

    async def __call__(self, message: Message) -> None:
        """Notes a status or a close code that says more than what is known by now."""
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            self._started(message)
        elif message["type"] == "websocket.close" and message.get("code", NORMAL[0]) not in NORMAL:
            self._entry.outcome = self._entry.outcome or message.get("reason") or f"CLOSED_{message['code']}"
        await self._send(message)

    def _started(self, message: Message) -> None:
        status, entry = message["status"], self._entry
        if dict(message.get("headers", ())).get(CACHE.encode()) == b"hit":
            entry.options["cache"] = "hit"
        if status == GONE:
            entry.outcome = HUNG_UP
        elif status in NO_ROUTE and not entry.outcome:  # what is no route of ours may be anything
            entry.call, entry.outcome = entry.call.partition(" ")[0], "NO_SUCH_ROUTE"
        elif status >= 400:
            entry.outcome = entry.outcome or f"HTTP_{status}"
