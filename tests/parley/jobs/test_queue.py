"""The table of jobs, on the real SQLite and the real Postgres."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from parley.errors import BadInput, Conflict, ParleyError, Unavailable
from parley.jobs import queue as queue_module
from parley.jobs.bounds import Bounds
from parley.jobs.filter import Filter
from parley.jobs.job import JobState, NewJob, TooManyJobs, UnknownJob
from parley.jobs.queue import JobQueue, Progress
from tests.parley.jobs.conftest import ADA, BEN, claimed, new
from tests.postgres import Postgres
from tests.waiting import until


async def test_jobs_are_taken_in_order_and_once(queue: JobQueue) -> None:
    """Two workers that ask at the same moment share them."""
    await queue.add(ADA, new(*"abcdef"))
    taken = await asyncio.gather(*(claimed(queue, name, 2) for name in ("one", "two", "one", "two")))
    assert sorted(job.id for jobs in taken for job in jobs) == list("abcdef")
    assert [job.id for job in taken[0]] == ["a", "b"]


async def test_one_key_does_not_hold_up_another(queue: JobQueue) -> None:
    """Who has fewest running goes first."""
    await queue.add(ADA, new(*"abcd"))
    await queue.add(BEN, new("z"))
    await claimed(queue, most=1)
    assert [job.id for job in await claimed(queue)] == ["z"]


async def test_a_dead_workers_job_is_taken_by_another(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once its lease is over; and what the first one says afterwards changes nothing."""
    monkeypatch.setattr(queue_module, "LEASE_S", -1.0)
    await queue.add(ADA, new("a"))
    (first,) = await claimed(queue, "one")
    (second,) = await claimed(queue, "two")
    assert (second.id, second.attempt, second.failures) == ("a", 2, 1)
    assert not await queue.finish(first, {"events": "x"}, 1.0, 1)
    assert not await queue.fail(first, "X", "x")
    assert await queue.beat([Progress(first, "transcribe", 1.0, 2.0)]) == set()
    assert await queue.finish(second, {"events": "y"}, 1.0, 1)
    assert (await queue.get("ada", "a")).results == {"events": "y"}


async def test_a_job_ends_once(queue: JobQueue) -> None:
    """The same worker cannot end it twice."""
    await queue.add(ADA, new("a"))
    (job,) = await claimed(queue)
    assert await queue.finish(job, {}, 1.0, 1)
    assert not await queue.finish(job, {}, 1.0, 1)


async def test_a_restarted_worker_has_its_jobs_back_at_once(queue: JobQueue) -> None:
    """It does not wait for its own lease."""
    await queue.add(ADA, new("a"))
    await claimed(queue, "one")
    assert await claimed(queue, "one") == []
    await queue.release("one")
    assert [job.id for job in await claimed(queue, "one")] == ["a"]


async def test_a_beat_says_which_jobs_are_still_held(queue: JobQueue) -> None:
    """A cancelled one is not; the others are so far."""
    await queue.add(ADA, new("a", "b"))
    one, two = await claimed(queue, most=2)
    await queue.cancel("ada", "a")
    told = [Progress(each, "transcribe", 3.0, 9.0) for each in (one, two)]
    assert await queue.beat(told) == {"b"}
    assert ((job := await queue.get("ada", "b")).done_s, job.duration_s) == (3.0, 9.0)


async def test_the_same_key_of_idempotency_gives_the_same_jobs(queue: JobQueue) -> None:
    """For other content it is refused."""
    asked = replace(ADA, key="k", digest="d")
    (first,), is_new = await queue.add(asked, new("a"))
    (again,), is_new_again = await queue.add(asked, new("b"))
    assert (first.id, is_new, again.id, is_new_again) == ("a", True, "a", False)
    with pytest.raises(Conflict, match="used for another request"):
        await queue.add(replace(asked, digest="e"), new("c"))
    await queue.delete("ada", "a")
    (after,), _ = await queue.add(asked, new("d"))
    assert after.id == "d"


async def test_bounds_of_a_key(tmp_path: Path, database: str) -> None:
    """Open jobs, and bytes; another key has its own."""
    queue = JobQueue(database, tmp_path, Bounds(jobs=2, bytes=1000))
    await queue.add(ADA, new("a", "b"))
    with pytest.raises(TooManyJobs, match="2 jobs of this key"):
        await queue.add(ADA, new("c"))
    await queue.add(BEN, new("d"))
    with pytest.raises(TooManyJobs, match="bytes"):
        await queue.add(BEN, [NewJob("e", "e", "upload", 2000)])
    queue.close()


async def test_what_is_listed(queue: JobQueue) -> None:
    """A page after the other, by state and batch, never another key's."""
    await queue.add(ADA, new("a", "b", "c"))
    await queue.add(BEN, new("z"))
    (job,) = await claimed(queue)
    await queue.fail(job, "X", "why")
    first = await queue.page(Filter("ada"), 0, 2)
    rest = await queue.page(Filter("ada"), first[-1].number, 2)
    assert [job.id for job in (*first, *rest)] == ["c", "b", "a"]
    assert [job.id for job in await queue.page(Filter("ada", [JobState.FAILED], "monday"), 0, 9)] == ["a"]
    assert {state: jobs for state, (jobs, _, _) in (await queue.summary(Filter("ada"))).items()} == {
        "queued": 2,
        "failed": 1,
    }
    with pytest.raises(UnknownJob, match="no job 'z' of this key"):
        await queue.get("ada", "z")


async def test_a_retry_is_for_what_did_not_end_well(queue: JobQueue) -> None:
    """And it begins anew."""
    await queue.add(ADA, new("a"))
    with pytest.raises(Conflict, match="is queued and has not failed"):
        await queue.retry("ada", "a")
    (job,) = await claimed(queue)
    await queue.fail(job, "X", "why")
    assert (await queue.retry("ada", "a")).state is JobState.QUEUED
    with pytest.raises(UnknownJob):
        await queue.cancel("ben", "a")


async def test_what_waits_is_not_taken_before_its_time(queue: JobQueue) -> None:
    """A job that is tried again later."""
    await queue.add(ADA, new("a"))
    (job,) = await claimed(queue)
    await queue.again(job, "UNAVAILABLE", "gone", 60.0, counts=True)
    assert await claimed(queue) == []
    assert ((kept := await queue.get("ada", "a")).failures, kept.message) == (1, "gone")


async def test_deadlines_and_failures_end_a_job(queue: JobQueue) -> None:
    """Also one that runs; its worker learns of it with its next beat."""
    await queue.add(replace(ADA, within_s=1e-6), new("a"))
    await queue.add(ADA, new("b"))
    (job,) = await claimed(queue, most=1)
    (other,) = await claimed(queue, most=1)
    await queue.again(other, "ENGINE", "broken", 0.0, counts=True)
    await queue.give_up(1)
    assert (await queue.get("ada", "a")).reason == "DEADLINE_EXCEEDED"
    assert ((b := await queue.get("ada", "b")).state, b.reason, b.message) == (JobState.FAILED, "ENGINE", "broken")
    assert not await queue.finish(job, {}, 1.0, 1)


async def test_old_jobs_are_forgotten(queue: JobQueue) -> None:
    """Only those that ended long enough ago."""
    await queue.add(ADA, new("a", "b"))
    (job,) = await claimed(queue)
    await queue.finish(job, {}, 1.0, 1)
    assert await queue.expire(3600.0) == []
    assert await queue.expire(-1.0) == ["a"]
    assert await queue.known(["a", "b"]) == {"b"}


async def test_nothing_of_a_deleted_job_is_in_the_file(tmp_path: Path) -> None:
    """Not its name, nor its key of idempotency, nor in the log of changes, while others have the file open."""
    queue, other = JobQueue("", tmp_path), JobQueue("", tmp_path)
    for way in (lambda: queue.delete("ada", "a"), lambda: queue.expire(-1.0)):
        await queue.add(replace(ADA, key="confidential-key"), [NewJob("a", "confidential-name", "upload")])
        await other.cancel("ada", "a")
        assert b"confidential" in everything_in(tmp_path)
        await way()
        assert b"confidential" not in everything_in(tmp_path)
    other.close()


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("jobs.sqlite*"))


async def test_others_learn_of_a_change(tmp_path: Path, database: str) -> None:
    """Without asking for rows."""
    one, two = JobQueue(database, tmp_path), JobQueue(database, tmp_path)
    await asyncio.gather(one.now(), two.now())
    await until(lambda: one.version() and two.version())
    before, own = two.version(), one.version()
    await one.add(ADA, new("a"))
    await until(lambda: two.version() != before and one.version() != own)
    one.close()
    two.close()


async def test_a_database_that_was_away_is_found_again(tmp_path: Path, postgres: Postgres) -> None:
    """Killed with -9 and started again; meanwhile the error says what is away."""
    postgres.empty()
    queue = JobQueue(postgres.url, tmp_path)
    await queue.add(ADA, new("a"))
    postgres.kill()
    with pytest.raises(Unavailable, match="does not answer"):
        await queue.now()
    postgres.start()
    before = queue.version()
    await queue.add(ADA, new("b"))
    assert [job.id for job in await queue.page(Filter("ada"), 0, 9)] == ["b", "a"]
    await until(lambda: queue.version() != before)
    queue.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://parley@/none?host=/nowhere"])
async def test_an_address_of_no_database(tmp_path: Path, url: str) -> None:
    """Said when it is first asked."""
    with pytest.raises(ParleyError, match="database"):
        await JobQueue(url, tmp_path).now()


async def test_a_text_that_is_none(queue: JobQueue) -> None:
    """Is the fault of who asks, not of the database."""
    with pytest.raises((UnknownJob, BadInput)):
        await queue.get("ada", "\0")
