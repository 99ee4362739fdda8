"""All that belongs to an owner, a session or a job, and nothing else."""

from dataclasses import replace

import pytest

from parley.errors import NotFound
from parley.jobs import batches
from parley.jobs.batches import Batch
from parley.jobs.forgetting import Whose
from parley.jobs.job import NewJob
from parley.jobs.parts import NewPart
from parley.jobs.queue import JobQueue
from parley.jobs.uploads import Upload
from tests.parley.jobs.conftest import ADA, BEN, claimed, new

CALL_7 = replace(ADA, session="call 7", key="once", digest="d")


async def filled(queue: JobQueue) -> None:
    """Of Ada two jobs, one of them in a session, a file each, and a batch; of Ben a job and a file."""
    await queue.add(ADA, new("a"))
    await queue.add(CALL_7, [NewJob("b", "b.wav", "https://ok.example.com/b.wav", 10)])
    await queue.add(replace(BEN, session="call 7"), new("c"))
    for owner, id_, session in (("ada", "file-1", ""), ("ada", "file-2", "call 7"), ("ben", "file-3", "call 7")):
        await queue.uploads.add(Upload(id_, owner, "batch", "x", 5, session=session), 0)
    batch = Batch("batch_1", "ada", "file-2", "/v1/audio/transcriptions", "{}", 1, session="call 7")
    submission = replace(ADA, batch=batch.id, session="call 7")
    await queue.add(submission, new("d"), lambda run: batches.insert(run, batch))


async def test_all_of_an_owner_goes_and_nobody_elses(queue: JobQueue) -> None:
    """Told before as it is told afterwards."""
    await filled(queue)
    shown = await queue.forgetting.found(Whose("ada"))
    gone = await queue.forgetting.forget(Whose("ada"))
    assert shown == gone
    assert (sorted(gone.jobs), sorted(gone.files), gone.batches) == (["a", "b", "d"], ["file-1", "file-2"], ["batch_1"])
    assert (gone.bytes, gone.elsewhere) == (40, 1)
    assert await queue.known(["a", "b", "c", "d", "file-1", "file-2", "file-3"]) == {"c", "file-3"}
    with pytest.raises(NotFound):
        await queue.batches.get("ada", "batch_1")


async def test_a_session_goes_and_the_rest_of_its_owner_stays(queue: JobQueue) -> None:
    """Also another's session of the same name; what was asked once may be asked again."""
    await filled(queue)
    gone = await queue.forgetting.forget(Whose("ada", session="call 7"))
    assert (sorted(gone.jobs), gone.files, gone.batches) == (["b", "d"], ["file-2"], ["batch_1"])
    assert await queue.known(["a", "b", "c", "file-1", "file-3"]) == {"a", "c", "file-1", "file-3"}
    _, is_new = await queue.add(replace(CALL_7, digest="other"), new("e"))
    assert is_new


async def test_a_job_goes_and_the_file_that_still_tells_of_it_is_named(queue: JobQueue) -> None:
    """A batch's output has what came of others too."""
    await filled(queue)
    batch = await queue.batches.get("ada", "batch_1")
    await queue.batches.end(replace(batch, outcome="completed", done=1, output="file-9"), [])
    gone = await queue.forgetting.forget(Whose("ada", job="d"))
    assert (gone.jobs, gone.files, gone.batches, gone.told_in) == (["d"], [], [], ["file-9"])
    assert (await queue.forgetting.forget(Whose("ben", job="a"))).jobs == []
    assert await queue.known(["a", "d"]) == {"a"}


async def test_a_job_that_is_worked_on_in_parts_goes_with_them(queue: JobQueue) -> None:
    """Its workers hold nothing any more."""
    await queue.add(CALL_7, new("a"))
    (job,) = await claimed(queue)
    await queue.parts.divide(job, 20.0, [NewPart("{}", "whole", start_s, 10.0) for start_s in (0.0, 10.0)])
    first, *_ = await claimed(queue)
    assert (await queue.forgetting.forget(Whose("ada", session="call 7"))).jobs == ["a"]
    assert await queue.parts.of(job) == []
    assert not await queue.finish(first, {}, 10.0, 1)
    assert await claimed(queue) == []
