import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from google.protobuf.message import Message

from parley.errors import EmptyMessage, Overloaded
from parley.serving.session import Events, Flush, drive
from parley.v1.translate_pb2 import TextChunk
from tests.fakes import PATIENCE_S

Items = AsyncIterator[str | Flush]


class Recorder:
    """A session whose jobs are what it was fed, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.waiting: list[str] = []

    def feed(self, item: str) -> Iterator[Message]:
        self.calls.append(f"feed {item}")
        self.waiting.append(item)
        return iter(())

    def flush(self) -> Iterator[Message]:
        self.calls.append("flush")
        return iter(())

    def next_job(self) -> str | None:
        return self.waiting.pop(0) if self.waiting else None

    def absorb(self, result: str) -> Iterator[Message]:
        yield TextChunk(text=result)

    def finish(self) -> Iterator[Message]:
        self.calls.append("finish")
        self.waiting.append("tail")
        return iter(())


class Said:
    """What was emitted."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def __call__(self, events: Events) -> None:
        self.texts += [event.text for event in events if isinstance(event, TextChunk)]


async def items_of(*items: str | Flush) -> Items:
    for item in items:
        yield item


async def shout(job: str) -> str:
    return job.upper()


async def test_everything_is_answered_in_order() -> None:
    """Each item's answer comes in order, and the tail that only finish brings out is not lost."""
    said = Said()
    await drive(Recorder(), items_of("a", "b", "c"), shout, said)
    assert said.texts == ["A", "B", "C", "TAIL"]


async def test_an_empty_stream_ends() -> None:
    """A stream without items still finishes."""
    session, said = Recorder(), Said()
    await drive(session, items_of(), shout, said)
    assert (session.calls, said.texts) == (["finish"], ["TAIL"])


async def test_a_flush_is_not_fed() -> None:
    """A flush reaches the session as a flush, in its place."""
    session = Recorder()
    await drive(session, items_of("a", Flush(), "b"), shout, Said())
    assert session.calls == ["feed a", "flush", "feed b", "finish"]


async def test_reads_while_the_engine_works() -> None:
    """A stream is heard even while its last job is still being worked on."""
    session, both = Recorder(), asyncio.Event()

    async def items() -> Items:
        yield "a"
        yield "b"
        both.set()

    async def work(job: str) -> str:
        await both.wait()  # for ever, if nobody read on
        return job

    async with asyncio.timeout(20):
        await drive(session, items(), work, Said())


async def test_a_client_faster_than_the_engine_is_held_back() -> None:
    """While the engine is behind, no more is read than the bound and one item."""
    read, working, go = 0, asyncio.Event(), asyncio.Event()

    async def items() -> Items:
        nonlocal read
        for _ in range(100):
            read += 1
            yield "x" * 10

    async def work(job: str) -> str:
        working.set()
        await go.wait()
        return job

    task = asyncio.create_task(drive(Recorder(), items(), work, Said(), held_most=30))
    await working.wait()
    for _ in range(1000):
        await asyncio.sleep(0)
    assert read <= 5
    go.set()
    await task
    assert read == 100


async def test_an_error_in_reading_surfaces() -> None:
    """What is wrong with the input reaches the caller, after the answers to what came before it."""

    async def items() -> Items:
        yield "a"
        raise EmptyMessage("nothing in it")

    said = Said()
    with pytest.raises(EmptyMessage, match="nothing in it"):
        await drive(Recorder(), items(), shout, said)
    assert said.texts == ["A"]


async def test_a_refused_job_ends_the_stream_and_the_reading() -> None:
    """When the engine's queue refuses, nobody is left reading."""
    never, closed = asyncio.Event(), asyncio.Event()

    async def items() -> Items:
        try:
            yield "a"
            await never.wait()
        finally:
            closed.set()

    async def refuse(job: str) -> str:
        raise Overloaded("full", retry_s=1.0)

    before = asyncio.all_tasks()
    with pytest.raises(Overloaded):
        await drive(Recorder(), items(), refuse, Said())
    assert closed.is_set()
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("where", ["reading", "working", "saying"])
async def test_hanging_up_anywhere_leaves_no_task(where: str) -> None:
    """A stream that is cancelled at any point takes its reader with it."""
    reached, never, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        reached.set()
        await never.wait()

    async def items() -> Items:
        try:
            yield "a"
            if where == "reading":
                await hang()
            await never.wait()
        finally:
            closed.set()

    async def work(job: str) -> str:
        if where == "working":
            await hang()
        return job

    async def say(events: Events) -> None:
        if where == "saying" and list(events):
            await hang()

    before = asyncio.all_tasks()
    task = asyncio.create_task(drive(Recorder(), items(), work, say))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set()
    assert asyncio.all_tasks() == before


class Hasty(Recorder):
    """One that does not wait for results."""

    ahead = 2


async def test_jobs_ahead_are_told_in_order() -> None:
    """The second job goes out before the first is done, and though it is done sooner it is told after it."""
    said, out, first = Said(), list[str](), asyncio.Event()

    async def submit(job: str) -> str:
        out.append(job)
        if job == "a":
            await first.wait()
        if job == "b":
            first.set()
        return job

    async with asyncio.timeout(PATIENCE_S):
        await drive(Hasty(), items_of("a", "b", "c"), submit, said)
    assert out[:2] == ["a", "b"]
    assert said.texts == ["a", "b", "c", "tail"]


async def test_no_more_jobs_are_out_than_a_session_allows() -> None:
    """Who does not say that it looks ahead has one job out, who does has as many as it says."""
    for session, most in ((Recorder(), 1), (Hasty(), 2)):
        out, seen = 0, 0

        async def submit(job: str) -> str:
            nonlocal out, seen
            out += 1
            seen = max(seen, out)
            await asyncio.sleep(0.001)  # others are submitted meanwhile, where they may be
            out -= 1
            return job

        await drive(session, items_of(*"abcdef"), submit, Said())
        assert seen == most


async def test_a_failure_ahead_ends_the_stream() -> None:
    """When the second job fails, nobody waits for the first for ever, and the error is the stream's."""

    async def submit(job: str) -> str:
        if job == "b":
            raise Overloaded("full", retry_s=1.0)
        await asyncio.Event().wait()
        return job

    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(Overloaded):
            await drive(Hasty(), items_of("a", "b"), submit, Said())
