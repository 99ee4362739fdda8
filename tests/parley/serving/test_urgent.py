"""Who goes first where some jobs can wait."""

import asyncio
from collections.abc import Hashable

import pytest

from parley.engines.protocols import Rank
from parley.serving.load import WAIT_S, Load
from tests.fakes import HeldEngine
from tests.parley.serving.test_batcher import EVER, Make, make, queued

__all__ = ["make"]


class Ranked(HeldEngine[int, int]):
    """Odd jobs can wait; those from a thousand on can wait longest."""

    def rank(self, job: int) -> Rank:
        return Rank.LATER if job >= 1000 else Rank(job % 2)

    def shape(self, job: int) -> Hashable:
        return job // 10


async def test_urgent_jobs_go_first(make: Make) -> None:
    """Jobs that can wait share no batch with others, and go after them, in the order they came; none is left behind."""
    engine = Ranked(lambda job: job * 10)
    batcher = make(engine, max_size=2)
    first = await queued(batcher, [1])
    await engine.busy()
    rest = await queued(batcher, [3, 5, 2, 7, 4, 6])
    engine.go()
    assert await asyncio.gather(*first, *rest) == [10, 30, 50, 20, 70, 40, 60]
    assert engine.batches == [[1], [2, 4], [6], [3, 5], [7]]


async def test_what_can_wait_leaves_a_worker_to_what_cannot(make: Make) -> None:
    """Where people speak a final finds a worker at once, however many guesses wait; and a guess may become one."""
    engine, load = Ranked(lambda job: job * 10), Load(0.0, 2)
    batcher = make(engine, load, workers=2)
    with load.place():
        guesses = await queued(batcher, [1])
        await engine.busy()
        guesses += await queued(batcher, [3])
        await asyncio.sleep(0.05)  # in which the second worker would take it, if it could
        assert engine.batches == [[1]]
        final = await queued(batcher, [2])
        await engine.busy()
        assert engine.batches == [[1], [2]]
        engine.go()
        assert await asyncio.gather(*guesses, *final) == [10, 30, 20]


async def test_a_job_that_can_wait_may_become_urgent(make: Make) -> None:
    """A job that could wait and is urgent now is taken when somebody says so, and its wait counts from then on."""
    urgent = set[int]()

    class Changing(HeldEngine[int, int]):
        def rank(self, job: int) -> Rank:
            return Rank.NOW if job in urgent else Rank.SOON

        def shape(self, job: int) -> Hashable:
            return 0

    engine, load = Changing(lambda job: job * 10), Load(0.0, 2)
    batcher = make(engine, load, workers=2)
    with load.place() as place:
        first = await queued(batcher, [1])
        await engine.busy()
        second = asyncio.create_task(batcher.submit(2, EVER, place))
        await asyncio.sleep(WAIT_S)  # so long a wait would count as load
        urgent.add(2)
        batcher.look()
        await engine.busy()
        engine.go()
        assert await asyncio.gather(*first, second) == [10, 20]
        assert engine.batches == [[1], [2]]
        assert load.has_room


async def test_only_jobs_of_one_shape_share_a_batch(make: Make) -> None:
    """The oldest goes first, with those of its shape; nobody waits for a batch of all shapes to be done."""
    engine = Ranked(lambda job: job * 10)
    batcher = make(engine)
    tasks = await queued(batcher, [1])
    await engine.busy()
    tasks += await queued(batcher, [12, 2, 14, 4, 22])
    engine.go()
    assert await asyncio.gather(*tasks) == [10, 120, 20, 140, 40, 220]
    assert engine.batches == [[1], [12, 14], [2, 4], [22]]


async def test_the_longest_urgent_goes_first(make: Make) -> None:
    """Not who asked first: a job that came early and became urgent now goes after those that were urgent before."""
    urgent = {2}

    class Changing(HeldEngine[int, int]):
        def rank(self, job: int) -> Rank:
            return Rank.NOW if job in urgent else Rank.SOON

        def shape(self, job: int) -> Hashable:
            return job

    engine = Changing(lambda job: job * 10)
    batcher = make(engine)
    tasks = await queued(batcher, [0])
    await engine.busy()
    tasks += await queued(batcher, [1, 2])
    urgent.add(1)
    engine.go()
    await asyncio.gather(*tasks)
    assert engine.batches == [[0], [2], [1]]


async def test_what_is_urgent_no_more_was_not_waited_for(make: Make) -> None:
    """A final that became a guess and then a final again has waited only since."""
    urgent = {1}

    class Changing(HeldEngine[int, int]):
        def rank(self, job: int) -> Rank:
            return Rank.NOW if job in urgent else Rank.SOON

        def shape(self, job: int) -> Hashable:
            return 0

    engine, load = Changing(lambda job: job * 10), Load(0.0, 1)
    batcher = make(engine, load)
    with load.place() as place:
        first = await queued(batcher, [0])
        await engine.busy()
        second = asyncio.create_task(batcher.submit(1, EVER, place))
        await asyncio.sleep(WAIT_S)  # so long a wait would count as load
        urgent.clear()
        batcher.look()
        urgent.add(1)
        batcher.look()
        engine.go()
        assert await asyncio.gather(*first, second) == [0, 10]
        assert load.wait_s < WAIT_S


async def test_where_nobody_speaks_all_workers_work(make: Make) -> None:
    """Recordings can wait, and have the machine for themselves."""
    engine = Ranked(lambda job: job * 10)
    batcher = make(engine, Load(0.0, 2), workers=2, max_size=1)
    tasks = await queued(batcher, [1, 3])
    await engine.busy()
    await engine.busy()
    engine.go()
    assert await asyncio.gather(*tasks) == [10, 30]


async def test_recordings_go_behind_guesses(make: Make) -> None:
    """A recording leaves a worker to the guesses of who speaks; two recordings never have both."""
    engine, load = Ranked(lambda job: job * 10), Load(0.0, 2)
    batcher = make(engine, load, workers=2, max_size=1)
    with load.place():
        tasks = await queued(batcher, [1000])
        await engine.busy()
        tasks += await queued(batcher, [1001, 1])
        await engine.busy()
        assert engine.batches == [[1000], [1]]
        engine.go()
        assert await asyncio.gather(*tasks) == [10_000, 10_010, 10]


@pytest.mark.parametrize(("first", "rests", "goes"), [(1, 3, 2), (1000, 1001, 1), (1, 1000, 2)])
async def test_the_busier_answers_keep_the_engine_the_rarer_others_are(
    make: Make, first: int, rests: int, goes: int
) -> None:
    """After guesses that took their time guesses and recordings wait, after recordings only those; others do not."""

    class Busy(Load):
        share = 0.8

    engine, load = Ranked(lambda job: job * 10), Busy(0.0, 2)
    batcher = make(engine, load, workers=2)
    with load.place():
        begun = await queued(batcher, [first])
        await engine.busy()
        await asyncio.sleep(0.5)  # what the first batch took
        engine.go()
        await asyncio.gather(*begun)
        waits, answered = await queued(batcher, [rests, goes])
        assert await answered == 10 * goes
        assert engine.batches == [[first], [goes]]
        assert await waits == 10 * rests
