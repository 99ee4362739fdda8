"""Recordings at addresses: what is fetched, and what is not. A real server, on this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from parley.errors import BadInput, Forbidden, ParleyError, Unavailable
from parley.jobs.files import JobFiles
from parley.jobs.job import Job, JobState
from services.jobs import source
from services.jobs.config import WorkerConfig

HERE = "localhost"


def job(url: str) -> Job:
    known: dict[str, Any] = dict.fromkeys(Job.__dataclass_fields__, "")
    return Job(**known | {"id": "a", "source": url, "state": JobState.RUNNING, "results": {}})


@asynccontextmanager
async def answering(answer: bytes, *, then_wait: bool = False) -> AsyncIterator[int]:
    """A server that says this to everybody."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if then_wait:
            await asyncio.sleep(60)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[..., Any]:
    files = JobFiles(tmp_path)
    files.make("a", None)

    async def fetched(url: str, **config: Any) -> bytes:
        settings = WorkerConfig(folder=str(tmp_path), **{"private": (HERE,)} | config)
        return (await source.at_hand(job(url), files, settings)).read_bytes()

    return fetched


async def test_a_recording_is_fetched_once(fetch: Callable[..., Any]) -> None:
    """A second attempt has it already."""
    async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nsound") as port:
        assert await fetch(f"http://{HERE}:{port}/a.wav") == b"sound"
    assert await fetch(f"http://{HERE}:{port}/a.wav") == b"sound"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"200 OK\r\ncontent-length: 9999\r\n\r\n", BadInput, "larger than 100 bytes"),
        (b"200 OK\r\n\r\n" + b"x" * 200, BadInput, "larger than 100 bytes"),
        (b"302 Found\r\nlocation: http://169.254.169.254/secret\r\ncontent-length: 0\r\n\r\n", BadInput, "leads to http://169"),
        (b"404 Not Found\r\ncontent-length: 0\r\n\r\n", BadInput, "answers 404"),
        (b"503 Busy\r\ncontent-length: 0\r\n\r\n", Unavailable, "answers 503"),
        (b"200 OK\r\ncontent-length: 50\r\n\r\nshort", Unavailable, "cannot be fetched"),
    ],
)  # fmt: skip
async def test_what_is_not_taken(fetch: Callable[..., Any], answer: bytes, kind: type[ParleyError], words: str) -> None:
    """Too large, by what it says or by what comes; elsewhere; not there; broken off."""
    async with answering(b"HTTP/1.1 " + answer) as port:
        with pytest.raises(kind, match=words):
            await fetch(f"http://{HERE}:{port}/a.wav", fetch_bytes=100)


async def test_who_sends_too_slowly(fetch: Callable[..., Any]) -> None:
    """Within the time or not at all."""
    async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nxx", then_wait=True) as port:
        with pytest.raises(BadInput, match=r"within 0\.2 s"):
            await fetch(f"http://{HERE}:{port}/a.wav", fetch_s=0.2)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "0.0.0.0", "[::ffff:10.0.0.1]"]
)
async def test_no_private_address(fetch: Callable[..., Any], host: str) -> None:
    """Whatever the name says: what it leads to counts."""
    with pytest.raises(Forbidden, match="private address"):
        await fetch(f"http://{host}:1/a.wav", private=())


async def test_a_name_that_leads_elsewhere_is_checked_where_it_is_called(
    fetch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up once; a second answer, for whoever calls, is never asked for."""
    asked: list[str] = []

    async def rebinding(self: Any, host: str, *_: Any, **__: Any) -> Any:
        asked.append(host)
        return [(2, 1, 6, "", ("93.184.216.34" if len(asked) == 1 else "127.0.0.1", 0))]

    called: list[str] = []

    async def connect(self: Any, request: Any) -> Any:
        called.append(request.url.host.decode() if isinstance(request.url.host, bytes) else request.url.host)
        raise httpx.ConnectError("no network here")

    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", rebinding)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", connect)
    with pytest.raises(Unavailable):
        await fetch("https://rebind.example.com/a.wav", private=())
    assert (asked, called) == (["rebind.example.com"], ["93.184.216.34"])


async def test_a_server_file_that_went_away(fetch: Callable[..., Any], tmp_path: Path) -> None:
    """It was there when the job was submitted."""
    (tmp_path / "talk.wav").write_bytes(b"sound")
    assert await fetch(str(tmp_path / "talk.wav")) == b"sound"
    with pytest.raises(BadInput, match="not there any more"):
        await fetch(str(tmp_path / "gone.wav"))
