import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gateway.apis.app import app
from gateway.config import CacheConfig, Limits
from gateway.core import Core
from gateway.http import uploads
from tests.gateway.conftest import FakeCore
from tests.waiting import never, until

MULTIPART = [(b"content-type", b"multipart/form-data; boundary=x")]
START = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'


class Sender:
    """A client that sends `pieces`, counts what was taken, and may fall silent."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self.taken = 0
        self.answer: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        piece = await anext(self._pieces, None)
        if piece is None:
            return {"type": "http.disconnect"}
        self.taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(self, message: Any) -> None:
        self.answer.append(message)

    async def post(self, http_app: Starlette, headers: list[tuple[bytes, bytes]]) -> int:
        scope = {"type": "http", "method": "POST", "path": "/v1/audio/denoise", "query_string": b"", "headers": headers}
        await http_app(scope, self.receive, cast(Any, self.send))
        return int(self.answer[0]["status"])


async def _endless() -> AsyncIterator[bytes]:
    yield START
    while True:
        yield bytes(10_000)


async def _silent() -> AsyncIterator[bytes]:
    yield START
    await never()


async def _broken() -> AsyncIterator[bytes]:
    yield START


async def test_an_upload_is_refused_as_soon_as_it_is_too_large(http_app: Starlette, core: FakeCore) -> None:
    """An endless body is read no further than the limit."""
    sender = Sender(_endless())
    assert await sender.post(http_app, MULTIPART) == 413
    assert sender.taken < 230_000
    assert not core.asked


async def test_a_declared_length_above_the_limit_is_refused_unread(http_app: Starlette) -> None:
    """Not one byte is taken of what says that it is too much."""
    sender = Sender(_endless())
    assert await sender.post(http_app, [*MULTIPART, (b"content-length", b"200001")]) == 413
    assert sender.taken == 0


async def test_an_upload_that_falls_silent_does_not_hang(http_app: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that stops in the middle is told so, and its connection is closed."""
    monkeypatch.setattr(uploads, "SILENT_S", 0.1)
    sender = Sender(_silent())
    assert await sender.post(http_app, MULTIPART) == 408
    assert (b"connection", b"close") in sender.answer[0]["headers"]


async def test_an_upload_may_not_outlast_the_request(core: FakeCore) -> None:
    """A byte now and then does not keep a request alive for ever."""
    sender = Sender(_silent())
    assert await sender.post(app(cast(Core, core), Limits(request_s=0.1), CacheConfig()), MULTIPART) == 408


async def test_a_client_that_leaves_while_sending_is_let_go(http_app: Starlette, core: FakeCore) -> None:
    """Half an upload reaches nobody."""
    assert await Sender(_broken()).post(http_app, MULTIPART) == 499
    assert not core.asked


@pytest.mark.parametrize(
    "kind",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=y", "text/plain", ""],
)
def test_a_body_that_is_no_form_is_the_callers_fault(client: TestClient, kind: str) -> None:
    """A wrong content type is a 400, never a 500."""
    answer = client.post("/v1/audio/denoise", content=START + b"a\r\n--x--\r\n", headers={"content-type": kind})
    assert answer.status_code == 400


def test_two_files_are_refused(client: TestClient, talk: bytes) -> None:
    """One request, one recording."""
    answer = client.post("/v1/audio/denoise", files=[("file", talk), ("file", talk)])
    assert answer.status_code == 400


def test_a_json_body_has_a_smaller_limit(core: FakeCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text is parsed at once, so less of it is taken than of sound."""
    monkeypatch.setattr(uploads, "LONGEST_TEXT", 1000)
    client = TestClient(app(cast(Core, core), Limits(), CacheConfig()))
    assert client.post("/translate", json={"q": "a" * 2000, "target": "de"}).status_code == 413


@pytest.mark.parametrize("coding", ["gzip", "deflate, br", "x"])
def test_a_compressed_body_is_refused(client: TestClient, talk: bytes, coding: str) -> None:
    """What is small on the wire and large behind it is not let in."""
    headers = {"content-type": "audio/wav", "content-encoding": coding}
    answer = client.post("/v1/audio/denoise", content=talk, headers=headers)
    assert (answer.status_code, coding in answer.json()["error"]["message"]) == (400, True)


async def test_all_uploads_together_are_bounded(core: FakeCore) -> None:
    """Who comes when the room is taken is told to come back, and the room is free again afterwards."""
    limits = Limits(upload_bytes=50_000, uploads_bytes=60_000)
    http_app = app(cast(Core, core), limits, CacheConfig())
    slow = Sender(_then_silent(40_000))
    first = asyncio.create_task(slow.post(http_app, MULTIPART))
    await until(lambda: slow.taken >= 40_000)
    second = Sender(_endless())
    assert await second.post(http_app, MULTIPART) == 429
    assert (b"retry-after", b"2") in second.answer[0]["headers"]
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await Sender(_endless()).post(http_app, MULTIPART) == 413


async def _then_silent(size: int) -> AsyncIterator[bytes]:
    yield START + bytes(size)
    await never()
