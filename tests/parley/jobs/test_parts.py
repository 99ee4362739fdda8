"""A job in parts, in the table, on the real SQLite and the real Postgres."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from parley.jobs import queue as queue_module
from parley.jobs.filter import Filter
from parley.jobs.job import UPLOAD, Job, JobState, UnknownJob
from parley.jobs.parts import NewPart
from parley.jobs.queue import JobQueue, Progress
from tests.parley.jobs.conftest import ADA, BEN, claimed, new

PARTS = [NewPart('{"asr": {}}', UPLOAD, start, 10.0) for start in (0.0, 10.0, 20.0)]


async def divided(queue: JobQueue) -> tuple[Job, list[Job]]:
    """A job, and its parts as a worker has them."""
    await queue.add(ADA, new("a"))
    (job,) = await claimed(queue)
    assert await queue.parts.divide(job, 30.0, PARTS)
    return job, await claimed(queue, "two", 9)


async def ended(queue: JobQueue, parts: Sequence[Job]) -> None:
    for part in parts:
        assert await queue.finish(part, {"events": "x"}, part.duration_s, 1)


async def test_parts_are_taken_by_anybody_and_joined_by_one(queue: JobQueue) -> None:
    """The job itself is nobody's until the last part is done; then once more a worker's, and it ends once."""
    _, parts = await divided(queue)
    assert sorted((part.parent, part.start_s, part.duration_s) for part in parts) == [
        ("a", start, 10.0) for start in (0, 10, 20)
    ]
    await ended(queue, parts[1:])
    assert await claimed(queue) == []
    await ended(queue, parts[:1])
    (whole,) = await claimed(queue)
    assert (whole.id, whole.parts, whole.done_s) == ("a", 3, 30.0)
    assert [part.start_s for part in await queue.parts.of(whole)] == [0, 10, 20]
    assert await queue.finish(whole, {"events": "y"}, 30.0, 1)
    assert await queue.parts.of(whole) == []
    assert (await queue.get("ada", "a")).state is JobState.DONE


async def test_parts_that_end_at_the_same_moment(queue: JobQueue, tmp_path: Path, database: str) -> None:
    """One of them is the last, though three processes end them."""
    others = [JobQueue(database, tmp_path) for _ in PARTS]
    for _ in range(10):
        _, parts = await divided(queue)
        await asyncio.gather(*(ended(other, [part]) for other, part in zip(others, parts, strict=True)))
        assert [job.id for job in await claimed(queue)] == ["a"]
        await queue.delete("ada", "a")
    for other in others:
        other.close()


async def test_nobody_sees_parts(queue: JobQueue) -> None:
    """Neither in lists, sums and counts, nor by their ids."""
    _, parts = await divided(queue)
    assert [job.id for job in await queue.page(Filter("ada"), 0, 10)] == ["a"]
    assert await queue.summary(Filter("ada")) == {"running": (1, 0.0, 30.0)}
    assert (await queue.counts())["running"][0] == 1
    with pytest.raises(UnknownJob):
        await queue.get("ada", parts[0].id)
    with pytest.raises(UnknownJob):
        await queue.cancel("ada", parts[0].id)
    with pytest.raises(UnknownJob):
        await queue.delete("ada", parts[0].id)


async def test_the_job_is_as_far_as_its_parts(queue: JobQueue) -> None:
    """All of them together."""
    _, parts = await divided(queue)
    await ended(queue, parts[:1])
    await queue.beat([Progress(parts[1], "transcribe", 5.0, 10.0)])
    assert (await queue.get("ada", "a")).done_s == pytest.approx(15.0)


async def test_a_part_that_fails_ends_the_job(queue: JobQueue) -> None:
    """With its reason; the others are dropped, and a retry divides it anew."""
    _, parts = await divided(queue)
    await queue.fail(parts[1], "UNDECODABLE_MEDIA", "no sound")
    job = await queue.get("ada", "a")
    assert (job.state, job.reason, job.message) == (JobState.FAILED, "UNDECODABLE_MEDIA", "no sound")
    assert await queue.beat([Progress(part, "transcribe", 1.0, 10.0) for part in parts]) == set()
    await queue.retry("ada", "a")
    (again,) = await claimed(queue)
    assert (again.id, again.parts) == ("a", 0)
    assert await queue.parts.divide(again, 30.0, PARTS)
    assert not {part.id for part in await queue.parts.of(again)} & {part.id for part in parts}


async def test_a_part_that_keeps_failing_ends_the_job(queue: JobQueue) -> None:
    """As a job that keeps failing does."""
    _, parts = await divided(queue)
    await queue.again(parts[0], "UNAVAILABLE", "away", 0.0, counts=True)
    await queue.give_up(1)
    assert (await queue.get("ada", "a")).reason == "UNAVAILABLE"
    assert await claimed(queue) == []


@pytest.mark.parametrize("how", ["cancel", "delete"])
async def test_parts_go_with_their_job(queue: JobQueue, how: str) -> None:
    """Their workers learn of it, and what they say changes nothing."""
    _, parts = await divided(queue)
    await getattr(queue, how)("ada", "a")
    assert await queue.known([part.id for part in parts]) == set()
    assert not await queue.finish(parts[0], {}, 10.0, 1)


async def test_who_was_late_divides_nothing(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker has the job by now."""
    monkeypatch.setattr(queue_module, "LEASE_S", -1.0)
    await queue.add(ADA, new("a"))
    (first,) = await claimed(queue, "one")
    (second,) = await claimed(queue, "two")
    assert not await queue.parts.divide(first, 30.0, PARTS)
    assert await queue.parts.of(second) == []


async def test_a_dead_workers_parts_are_taken_by_another(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once their leases are over; the job, which has none, is not."""
    monkeypatch.setattr(queue_module, "LEASE_S", -1.0)
    _, parts = await divided(queue)
    again = await claimed(queue, "three", 9)
    assert sorted(part.id for part in again) == sorted(part.id for part in parts)


async def test_parts_wait_where_their_job_did(queue: JobQueue) -> None:
    """Not behind what came later."""
    await queue.add(ADA, new("a", "b"))
    (job,) = await claimed(queue)
    await queue.parts.divide(job, 30.0, PARTS)
    await queue.add(BEN, new("z"))
    taken = [(await claimed(queue))[0].id.partition("/")[0] for _ in range(5)]
    assert taken == ["a", "z", "a", "a", "b"]
