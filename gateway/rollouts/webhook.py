"""Tells one address that the config names what became of a canary. Must not take an address from anybody else.

The body is signed: `parley-signature: sha256=<HMAC-SHA256 of the body, in hex>`, with a secret that both sides know.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import ssl
import uuid
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from gateway.config import RolloutsConfig
from parley.errors import BadConfig

log = logging.getLogger(__name__)
PAUSES_S = (1.0, 5.0, 25.0)  # between tries
WAITING_MOST = 100  # messages that are being told
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def check(config: RolloutsConfig) -> None:
    """Refuse an address that others on the way could read or change, and one without a secret."""
    if not config.webhook:
        return
    try:
        parts = urlsplit(config.webhook)
        good = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        good = good and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise BadConfig("`rollouts.webhook` must be an https:// address, or http:// on this machine, without a user.")
    if len(config.webhook_secret) < 16:
        raise BadConfig(
            "`rollouts.webhook` is signed: give both sides a secret of 16 letters or more, best as "
            "PARLEY_ROLLOUTS__WEBHOOK_SECRET."
        )


class _NoRedirects(HTTPRedirectHandler):
    """Who answers must be who was asked."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """None is followed; the answer counts as an error."""


class Webhook:
    """Tells in its own time, a few times, and then says in the log that it could not."""

    def __init__(self, config: RolloutsConfig) -> None:
        self._config = config
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, event: Mapping[str, Any]) -> None:
        """Nobody waits for it."""
        if not self._config.webhook:
            return
        if len(self._telling) >= WAITING_MOST:
            log.error("the webhook is not told: too much waits for it already", extra={"event": event.get("event")})
            return
        task = asyncio.create_task(self._told(json.dumps(event).encode(), uuid.uuid4().hex))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _told(self, body: bytes, delivery: str) -> None:
        for pause_s in (*PAUSES_S, None):
            fault = await asyncio.to_thread(self._send, body, delivery)
            if not fault:
                return
            log.warning("the webhook does not take it", extra={"why": fault, "again_in_s": pause_s})
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        log.error("the webhook was not told", extra={"delivery": delivery})

    def _send(self, body: bytes, delivery: str) -> str:
        """What went wrong; empty: nothing. The answer's body is not read."""
        headers = {"content-type": "application/json", "parley-delivery": delivery}
        headers["parley-signature"] = f"sha256={signature(self._config.webhook_secret, body)}"
        try:
            request = Request(self._config.webhook, body, headers, method="POST")
            with _opener().open(request, timeout=self._config.webhook_timeout_s) as answer:
                return "" if 200 <= answer.status < 300 else f"it answers {answer.status}"
        except HTTPError as refused:
            with refused:
                return f"it answers {refused.code}"
        except (OSError, HTTPException) as failed:
            return type(failed).__name__

    async def close(self) -> None:
        """Tell no more."""
        for task in tuple(self._telling):
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)


def signature(secret: str, body: bytes) -> str:
    """What the other side computes too."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _opener() -> OpenerDirector:
    return build_opener(ProxyHandler({}), _NoRedirects, HTTPSHandler(context=ssl.create_default_context()))
