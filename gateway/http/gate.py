"""In front of the HTTP APIs: all but a few paths need a key. Must not know what an endpoint does."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.access.keys import KeyRing, demand, presented
from gateway.http import refusal
from parley.errors import ParleyError
from parley.wire.keys import ADMIN

FREE = ("/", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/languages")
IN_THE_BODY = ("/translate", "/detect")  # LibreTranslate's clients say their key there; the core asks for it
FOR_ADMINS = ("/v1/routes",)


class Gate:
    """The app behind it sees only who may come in."""

    def __init__(self, app: ASGIApp, keys: KeyRing) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer 401 or 403; a WebSocket is refused before its handshake."""
        if scope["type"] in ("http", "websocket") and not _is_free(scope):
            try:
                self._check(scope["path"], Headers(scope=scope))
            except ParleyError as error:
                await self._refuse(error, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, path: str, headers: Headers) -> None:
        key = self._keys.of(headers)
        if path.startswith(FOR_ADMINS):
            demand(key, ADMIN)

    async def _refuse(self, error: ParleyError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await refusal.response(error)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": error.reason})


def _is_free(scope: Scope) -> bool:
    if scope["path"] in IN_THE_BODY:
        return bool(scope["method"] == "POST" and not presented(Headers(scope=scope)))
    return scope["path"] in FREE
