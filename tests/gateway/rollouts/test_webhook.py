"""One address is told, by whom it can tell; no other."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from gateway.config import RolloutsConfig
from gateway.rollouts.webhook import Webhook, check, signature
from parley.errors import BadConfig

SECRET = "sixteen letters, or more"


class Listener:
    """An HTTP server that answers as it is told to and keeps what came."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.heard = list(statuses), list[tuple[dict[str, str], bytes]]()
        self.paths: list[str] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                listener.heard.append(({key.lower(): value for key, value in self.headers.items()}, body))
                listener.paths.append(self.path)
                self.send_response(listener.statuses.pop(0) if listener.statuses else 200)
                self.send_header("location", "/elsewhere")
                self.end_headers()

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/canaries"


@contextmanager
def listening(*statuses: int) -> Iterator[Listener]:
    listener = Listener(*statuses)
    thread = threading.Thread(target=listener.server.serve_forever)
    thread.start()
    try:
        yield listener
    finally:
        listener.server.shutdown()
        thread.join()
        listener.server.server_close()


async def told(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.rollouts.webhook.PAUSES_S", (0.01, 0.01))
    hook = Webhook(RolloutsConfig(webhook=listener.url, webhook_secret=SECRET, webhook_timeout_s=2.0))
    hook.tell({"event": "canary promoted", "alias": "asr/default"})
    await asyncio.gather(*hook._telling)
    await hook.close()


async def test_what_is_told_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The body is JSON, and whoever has the secret computes the same signature."""
    with listening() as listener:
        await told(listener, monkeypatch)
    ((headers, body),) = listener.heard
    assert json.loads(body) == {"event": "canary promoted", "alias": "asr/default"}
    assert headers["parley-signature"] == f"sha256={signature(SECRET, body)}"
    assert signature(SECRET, body) != signature(SECRET, body + b" ") != signature("other", body)


async def test_a_refusal_is_tried_again_and_then_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The same delivery each time, so that the other side can tell; the secret is in no log."""
    with listening(500, 503, 200) as listener:
        await told(listener, monkeypatch)
    assert len({headers["parley-delivery"] for headers, _ in listener.heard}) == 1
    assert len(listener.heard) == 3
    with listening(500, 500, 500, 500) as listener:
        await told(listener, monkeypatch)
    assert len(listener.heard) == 3
    assert caplog.messages[-1] == "the webhook was not told"
    assert SECRET not in caplog.text


async def test_nobody_is_followed_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect counts as a refusal: the address is the config's alone."""
    with listening(302, 307, 308) as listener:
        await told(listener, monkeypatch)
    assert set(listener.paths) == {"/canaries"}


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x",
        "ftp://localhost/x",
        "file:///etc/passwd",
        "https://",
        "https://user:pw@a.com",
        "https://[x",
    ],
)
def test_an_address_that_others_could_read_is_refused(url: str) -> None:
    """Plain HTTP only on this machine; nothing else than HTTP at all."""
    with pytest.raises(BadConfig, match="https"):
        check(RolloutsConfig(webhook=url, webhook_secret=SECRET))


def test_a_webhook_needs_a_secret() -> None:
    """Who is told could not know by whom."""
    with pytest.raises(BadConfig, match="PARLEY_ROLLOUTS__WEBHOOK_SECRET"):
        check(RolloutsConfig(webhook="https://example.com/x", webhook_secret="short"))
    check(RolloutsConfig(webhook="https://example.com/x", webhook_secret=SECRET))
    check(RolloutsConfig())
