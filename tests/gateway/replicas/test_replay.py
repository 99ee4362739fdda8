"""Requests that can be sent again."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.replicas.replay import KEPT_MOST, Rewind
from parley.errors import BadInput
from tests.waiting import until


async def source(*pieces: bytes, fail: Exception | None = None) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece
    if fail:
        raise fail


async def take(requests: AsyncIterator[bytes], count: int) -> list[bytes]:
    return [await anext(requests) for _ in range(count)]


async def test_until_an_answer_everything_is_said_again() -> None:
    """A second reader gets all from the start, then what is new."""
    rewind = Rewind(source(b"1", b"2", b"3"))
    await rewind.first()
    assert await take(rewind.requests(), 2) == [b"1", b"2"]
    assert [each async for each in rewind.requests()] == [b"1", b"2", b"3"]


async def test_a_cancelled_reader_does_not_take_the_source_along() -> None:
    """Who is cancelled while waiting loses nothing for the next reader."""
    go = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"1"
        await go.wait()
        yield b"2"

    rewind = Rewind(slow())
    first = asyncio.create_task(take(rewind.requests(), 2))
    await until(lambda: rewind._kept == [b"1"])
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    go.set()
    assert [each async for each in rewind.requests()] == [b"1", b"2"]


async def test_once_settled_nothing_is_kept() -> None:
    """After the first answer the reader goes on, and memory does not grow."""
    rewind = Rewind(source(b"1", b"2", b"3"))
    reader = rewind.requests()
    assert await take(reader, 1) == [b"1"]
    rewind.settle()
    assert [each async for each in reader] == [b"2", b"3"]
    assert rewind._kept == []


async def test_what_is_kept_is_bounded() -> None:
    """A caller who floods waits for the first answer."""
    rewind = Rewind(source(*[bytes(KEPT_MOST // 2)] * 8))
    reader = asyncio.create_task(take(rewind.requests(), 8))
    await until(lambda: rewind._size > KEPT_MOST)
    await asyncio.sleep(0.05)  # in which it would read on, if it could
    assert not reader.done()
    assert rewind._size <= 2 * KEPT_MOST
    rewind.settle()
    assert len(await reader) == 8


async def test_the_callers_own_error_comes_through() -> None:
    """A request that cannot be read is its sender's fault, also on the second try."""
    rewind = Rewind(source(fail=BadInput("odd")))
    with pytest.raises(BadInput):
        await rewind.first()


async def test_closing_leaves_no_task() -> None:
    """A stream that ends while its caller is silent leaves nobody waiting."""
    before = asyncio.all_tasks()

    async def silent() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    rewind = Rewind(silent())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(rewind.first(), 0.01)
    await rewind.close()
    assert asyncio.all_tasks() == before
