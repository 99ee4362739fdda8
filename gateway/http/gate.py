"""In front of the HTTP APIs: who is called, by which page, with which key. Must not know what an endpoint does."""

import logging
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.access.entry import public
from gateway.access.keys import KeyRing, demand, presented
from gateway.access.locality import is_loopback, is_proxied
from gateway.access.pages import Pages
from gateway.http import refusal
from parley.errors import ParleyError, UnknownHost, UnknownOrigin
from parley.wire.keys import ADMIN

log = logging.getLogger(__name__)
PAGES = "/assets/"  # what the pages load: the same for everybody
FREE = ("/", "/console", "/tracks", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json")
TWILIO = "/v1/twilio"  # sends no header; its key stands in the address or in the first message, where it is asked for
IN_THE_BODY = ("/translate", "/detect")  # LibreTranslate's clients say their key there; the core asks for it
OF_KEYS = "/v1/data/"  # before the id of a key
FOR_ADMINS = ("/v1/routes", "/v1/operations", "/v1/sla", "/v1/rollouts", "/v1/drift", OF_KEYS)
READING = ("GET", "HEAD", "OPTIONS")


class Gate:
    """Wraps an app: it sees only requests that pass all checks."""

    def __init__(
        self, app: ASGIApp, keys: KeyRing, pages: Pages, shapes: Mapping[str, refusal.Shape] | None = None
    ) -> None:
        self._app, self._keys, self._pages = app, keys, pages
        self._shapes = shapes or {}  # path -> the shape of its errors, where it is not ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer 401 or 403; a WebSocket is refused before its handshake."""
        if scope["type"] in ("http", "websocket"):
            try:
                self._check(scope, Headers(scope=scope))
            except ParleyError as error:
                if isinstance(error, UnknownHost | UnknownOrigin):
                    log.warning("%s", error)  # a browser does not show its reader why
                shape = self._shapes.get(scope["path"], refusal.ours)
                await refusal.refuse(public(error), shape, scope, receive, send)
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


def is_page(path: str) -> bool:
    """What everybody may see, and nobody is asked who they are."""
    return path in FREE or path.startswith(PAGES)


def _is_free(scope: Scope) -> bool:
    if scope["path"] == TWILIO:
        return bool(scope["type"] == "websocket" and not presented(Headers(scope=scope)))
    if scope["path"] in IN_THE_BODY:
        return bool(scope["method"] == "POST" and not presented(Headers(scope=scope)))
    return is_page(scope["path"])
