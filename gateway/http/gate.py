"""In front of the HTTP APIs: who is called, by which page, with which key. Must not know what an endpoint does."""

import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.access.keys import KeyRing, demand, presented
from gateway.access.locality import is_loopback, is_proxied
from gateway.access.pages import Pages
from gateway.http import refusal
from parley.errors import ParleyError, UnknownHost, UnknownOrigin
from parley.wire.keys import ADMIN

log = logging.getLogger(__name__)
PAGES = "/assets/"  # what the pages load: the same for everybody
FREE = ("/", "/console", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json")
IN_THE_BODY = ("/translate", "/detect")  # LibreTranslate's clients say their key there; the core asks for it
FOR_ADMINS = ("/v1/routes", "/v1/operations", "/v1/sla", "/v1/rollouts", "/v1/drift")
READING = ("GET", "HEAD", "OPTIONS")


class Gate:
    """Wraps an app: it sees only requests that pass all checks."""

    def __init__(self, app: ASGIApp, keys: KeyRing, pages: Pages) -> None:
        self._app, self._keys, self._pages = app, keys, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer 401 or 403; a WebSocket is refused before its handshake."""
        if scope["type"] in ("http", "websocket"):
            try:
                self._check(scope, Headers(scope=scope))
            except ParleyError as error:
                if isinstance(error, UnknownHost | UnknownOrigin):
                    log.warning("%s", error)  # a browser does not show its reader why
                await self._refuse(error, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        self._pages.check(headers.get("host", ""), headers.get("origin"), changes=scope.get("method") not in READING)
        if not _is_free(scope):
            key = self._keys.of(headers, is_local=self._is_local(scope, headers))
            if scope["path"].startswith(FOR_ADMINS):
                demand(key, ADMIN)

    def _is_local(self, scope: Scope, headers: Headers) -> bool:
        """A program on this machine, or a page of ours that was called by a name of ours."""
        peer, _ = scope.get("client") or ("", 0)
        ours = self._pages.are_ours(headers.get("host", ""), headers.get("origin"))
        return ours and is_loopback(peer) and not is_proxied(headers)

    async def _refuse(self, error: ParleyError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await refusal.response(error)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": error.reason})


def _is_free(scope: Scope) -> bool:
    if scope["path"] in IN_THE_BODY:
        return bool(scope["method"] == "POST" and not presented(Headers(scope=scope)))
    return scope["path"] in FREE or scope["path"].startswith(PAGES)
