import asyncio
import gc
import os
import weakref
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from parley import telemetry
from parley.budget import Budget
from parley.engines.protocols import Engine
from parley.errors import BadConfig, DeadlinePassed, Overloaded, Unavailable
from parley.serving.batcher import BatchConfig, Batcher
from parley.serving.load import Load
from parley.telemetry import Meter
from tests.fakes import Clock, HeldEngine

EVER = Budget.of(None)
Ints = Batcher[int, int]
Make = Callable[..., Ints]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Batchers that are closed at the end."""
    made: list[Ints] = []

    def one(engine: Engine[int, int], load: Load | None = None, **config: float) -> Ints:
        made.append(Batcher(engine, BatchConfig(**config), Meter("asr", "echo@1"), load))  # type: ignore[arg-type]
        return made[-1]

    yield one
    for each in made:
        await each.close()


@pytest.fixture
async def engine() -> AsyncIterator[HeldEngine[int, int]]:
    held: HeldEngine[int, int] = HeldEngine(lambda job: job * 10)
    yield held
    held.go()


async def queued(batcher: Ints, jobs: Sequence[int], budget: Budget = EVER) -> list[asyncio.Task[int]]:
    """Callers that are already in the queue."""
    tasks = [asyncio.create_task(batcher.submit(job, budget)) for job in jobs]
    await asyncio.sleep(0)
    return tasks


async def test_who_can_wait_goes_behind_who_cannot(make: Make, engine: HeldEngine[int, int]) -> None:
    """Background work takes what live streams leave, also where the engine ranks no jobs; nobody is forgotten."""
    batcher = make(engine)
    first = await queued(batcher, [0])
    await engine.busy()
    patient = [asyncio.create_task(batcher.submit(job, EVER, patient=True)) for job in (1, 2)]
    await asyncio.sleep(0)
    live = await queued(batcher, [3])
    engine.go()
    assert await asyncio.gather(*first, *patient, *live) == [0, 10, 20, 30]
    assert engine.batches == [[0], [3], [1, 2]]


async def test_callers_are_gathered_while_the_engine_is_busy(make: Make, engine: HeldEngine[int, int]) -> None:
    """Whoever comes while a batch is in the engine shares the next one; each gets its own answer."""
    batcher = make(engine)
    first = await queued(batcher, [0])
    await engine.busy()
    rest = await queued(batcher, [1, 2, 3])
    engine.go()
    assert await asyncio.gather(*first, *rest) == [0, 10, 20, 30]
    assert engine.batches == [[0], [1, 2, 3]]


async def test_two_workers_work_at_two_batches(make: Make, engine: HeldEngine[int, int]) -> None:
    """Who comes while one batch is in the engine need not wait for it; who comes after both, does."""
    batcher = make(engine, workers=2)
    tasks = await queued(batcher, [0])
    await engine.busy()
    tasks += await queued(batcher, [1, 2])
    await engine.busy()
    tasks += await queued(batcher, [3])
    engine.go()
    assert await asyncio.gather(*tasks) == [0, 10, 20, 30]
    assert engine.batches == [[0], [1, 2], [3]]


async def test_a_batch_has_a_largest_size(make: Make, engine: HeldEngine[int, int]) -> None:
    """No batch is larger than the engine was promised."""
    batcher = make(engine, max_size=2)
    tasks = await queued(batcher, range(5))
    engine.go()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in engine.batches] == [2, 2, 1]


async def test_an_idle_engine_waits_for_company_when_told(make: Make, engine: HeldEngine[int, int]) -> None:
    """With wait_ms two callers that come one after the other share a batch."""
    batcher = make(engine, wait_ms=200.0)
    engine.go()
    first = await queued(batcher, [1])
    second = await queued(batcher, [2])
    assert await asyncio.gather(*first, *second) == [10, 20]
    assert engine.batches == [[1, 2]]


async def test_cancelled_caller_leaves_its_neighbours_alone(make: Make, engine: HeldEngine[int, int]) -> None:
    """Hanging up must not cost strangers their answer."""
    batcher = make(engine)
    first = await queued(batcher, [0])
    await engine.busy()
    waiting = await queued(batcher, [1, 2, 3])
    first[0].cancel()
    waiting[1].cancel()
    await asyncio.sleep(0)
    engine.go()
    assert await asyncio.gather(*waiting[::2]) == [10, 30]
    assert engine.batches == [[0], [1, 3]]


async def test_a_full_queue_refuses_at_once(make: Make, engine: HeldEngine[int, int]) -> None:
    """One caller too many is told when to come back, before it has waited at all."""
    batcher = make(engine, queue=2)
    await queued(batcher, [0])
    await engine.busy()
    tasks = await queued(batcher, [1, 2])
    with pytest.raises(Overloaded) as refused:
        await batcher.submit(3, EVER)
    assert refused.value.retry_s is not None
    assert refused.value.retry_s > 0
    engine.go()
    assert await asyncio.gather(*tasks) == [10, 20]


async def test_who_hangs_up_gives_the_place_back(make: Make, engine: HeldEngine[int, int]) -> None:
    """A queue full of callers who have gone refuses nobody."""
    batcher = make(engine, queue=2)
    await queued(batcher, [0])
    await engine.busy()
    for task in await queued(batcher, [1, 2]):
        task.cancel()
    await asyncio.sleep(0)
    tasks = await queued(batcher, [3, 4])
    engine.go()
    assert await asyncio.gather(*tasks) == [30, 40]


async def test_a_late_job_never_reaches_the_engine(make: Make, engine: HeldEngine[int, int]) -> None:
    """A job past its deadline is dropped before the engine sees it, and its caller is told."""
    clock, batcher = Clock(), make(engine)
    first = await queued(batcher, [0])
    await engine.busy()
    late = await queued(batcher, [1], Budget.of(60, clock))
    alive = await queued(batcher, [2])
    clock.now += 61
    engine.go()
    with pytest.raises(DeadlinePassed):
        await late[0]
    assert await asyncio.gather(*first, *alive) == [0, 20]
    assert engine.batches == [[0], [2]]


async def test_nobody_waits_longer_than_the_deadline(make: Make, engine: HeldEngine[int, int]) -> None:
    """A caller whose engine hangs is told when its time is over."""
    batcher = make(engine)
    with pytest.raises(DeadlinePassed):
        await batcher.submit(1, Budget.of(0.05))


async def test_a_poison_job_fails_alone(make: Make) -> None:
    """One bad job must not cost its neighbours their answer, and it is told what was wrong."""

    class Picky:
        def run(self, jobs: Sequence[int]) -> Sequence[int]:
            if 13 in jobs:
                raise ValueError("13 is bad luck")
            return [job * 10 for job in jobs]

    answers = await asyncio.gather(*(await queued(make(Picky()), [1, 13, 2])), return_exceptions=True)
    assert (answers[0], answers[2]) == (10, 20)
    assert str(answers[1]) == "13 is bad luck"


async def test_an_engine_that_miscounts_leaves_nobody_waiting(make: Make) -> None:
    """Too few results are an error for those who got none, not an endless wait."""

    class Short:
        def run(self, jobs: Sequence[int]) -> Sequence[int]:
            return list(jobs)[1:]

    tasks = await queued(make(Short()), [1, 2])
    done, pending = await asyncio.wait(tasks, timeout=20)
    assert not pending
    assert any(task.exception() for task in done)


async def test_an_engine_out_of_time_is_not_a_caller_out_of_time(make: Make) -> None:
    """A TimeoutError of the engine's own is reported as what it is."""

    class Slow:
        def run(self, jobs: Sequence[int]) -> Sequence[int]:
            raise TimeoutError("the device did not answer")

    with pytest.raises(TimeoutError, match="the device"):
        await make(Slow()).submit(1, EVER)


async def test_close_tells_everybody_who_waits(make: Make, engine: HeldEngine[int, int]) -> None:
    """Neither who queues nor who is in the engine waits for ever, and who comes later is refused."""
    batcher = make(engine)
    inside = await queued(batcher, [0])
    await engine.busy()
    waiting = await queued(batcher, [1])
    await batcher.close()
    done, pending = await asyncio.wait([*inside, *waiting], timeout=20)
    assert not pending
    assert {type(task.exception()) for task in done} == {Unavailable}
    with pytest.raises(Unavailable):
        await batcher.submit(2, EVER)


async def test_nothing_is_kept_of_those_who_left(engine: HeldEngine[object, int]) -> None:
    """After answers and hang-ups no job, no task and no caller is left behind."""

    class Thing:
        pass

    engine = HeldEngine(lambda job: 1)
    batcher: Batcher[object, int] = Batcher(engine, BatchConfig(), Meter("asr", "echo@1"))
    before = asyncio.all_tasks()
    things = [Thing() for _ in range(100)]
    marks = [weakref.ref(thing) for thing in things]
    tasks = [asyncio.create_task(batcher.submit(thing, EVER)) for thing in things]
    await engine.busy()
    for task in tasks[1::2]:
        task.cancel()
    engine.go()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert asyncio.all_tasks() == before
    engine.batches.clear()
    tasks.clear()
    things.clear()
    del task
    await batcher.close()
    gc.collect()
    assert [mark for mark in marks if mark() is not None] == []


async def test_a_job_leaves_a_trace(make: Make, engine: HeldEngine[int, int], spans: InMemorySpanExporter) -> None:
    """Queue and batch hang off the caller's span, the engine off its batch, and the times are in order."""
    engine.go()
    with telemetry.tracer().start_as_current_span("asr"):
        await make(engine).submit(1, EVER)
    by_name = {span.name: span for span in spans.get_finished_spans()}
    parents = {name: span.parent.span_id if span.parent else None for name, span in by_name.items()}
    ids = {name: span.context.span_id for name, span in by_name.items() if span.context}
    assert parents == {"asr": None, "queue": ids["asr"], "batch": ids["asr"], "engine": ids["batch"]}
    queue, batch, run = (by_name[name] for name in ("queue", "batch", "engine"))
    assert queue.end_time == batch.start_time
    assert (batch.start_time or 0) <= (run.start_time or 0) <= (run.end_time or 0) <= (batch.end_time or 0)


@pytest.mark.parametrize(("name", "least"), [("max_size", 1), ("queue", 1), ("workers", 0)])
def test_a_batcher_of_none_is_refused_by_the_name_in_the_config(name: str, least: int) -> None:
    with pytest.raises(BadConfig, match=rf"`batch\.{name}` is {least - 1}; write {least} or more"):
        BatchConfig(**{name: least - 1})


def test_workers_follow_the_cores() -> None:
    """Unless told how many, as many batches at a time as this process has cores."""
    assert BatchConfig(workers=0).at_a_time == len(os.sched_getaffinity(0))
    assert BatchConfig(workers=3).at_a_time == 3


def test_nobody_waits_for_less_than_no_time() -> None:
    with pytest.raises(BadConfig, match=r"`batch\.wait_ms` is -1; write 0 or more"):
        BatchConfig(wait_ms=-1)
