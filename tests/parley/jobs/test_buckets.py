"""Buckets, as a server of the tests speaks S3: it checks every signature."""

from collections.abc import Iterator

import pytest

from parley.errors import BadInput, Forbidden, Unavailable
from parley.jobs import buckets
from tests.s3 import S3

OBJECTS = {f"2026/{name}": name.encode() * 1000 for name in ("a.wav", "b c.wav", "deep/d.mp3", "e.txt")} | {"x": b"x"}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    with S3(OBJECTS) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        yield server


async def test_what_begins_like_this_is_listed(s3: S3) -> None:
    """All pages of it, with sizes; and an object can be read by its address."""
    found = {url: size async for url, size in buckets.listed("s3://calls/2026")}
    assert found == {f"s3://calls/{name}": len(data) for name, data in OBJECTS.items() if name != "x"}
    assert b"".join([piece async for piece in buckets.read("s3://calls/2026/b c.wav", 10_000)]) == b"b c.wav" * 1000


async def test_what_is_larger_is_not_read(s3: S3) -> None:
    """Its size is known before its bytes."""
    with pytest.raises(BadInput, match="larger than 10 bytes"):
        [piece async for piece in buckets.read("s3://calls/2026/a.wav", 10)]


async def test_what_is_not_there(s3: S3) -> None:
    """Neither an object nor a bucket."""
    for url in ("s3://calls/none", "s3://other/a.wav"):
        with pytest.raises(BadInput, match="There is no"):
            [piece async for piece in buckets.read(url, 10_000)]


async def test_a_wrong_secret(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what was wrong, and not the secret."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret")
    with pytest.raises(Forbidden, match=r"AWS_\.\.\. credentials") as refused:
        [piece async for piece in buckets.read("s3://calls/x", 10_000)]
    assert "wrong-secret" not in str(refused.value)


async def test_a_server_that_is_away(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come back."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="cannot be read just now"):
        [piece async for piece in buckets.read("s3://calls/x", 10_000)]
