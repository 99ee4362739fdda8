import asyncio
from collections.abc import AsyncIterator, Hashable

import pytest

from parley.budget import Budget
from parley.engines.protocols import Rank
from parley.errors import DeadlinePassed
from parley.serving.batcher import BatchConfig, Batcher
from parley.serving.load import Load
from parley.serving.waiting import AGAIN_S, LATE_S, Waiting
from parley.telemetry import Meter
from parley.v1.audio_pb2 import Late
from tests.fakes import Clock, HeldEngine

EVER = Budget.of(None)
LOOK_S = 0.005


class Ranked(HeldEngine[int, int]):
    """Odd jobs can wait."""

    def rank(self, job: int) -> Rank:
        return Rank(job % 2)

    def shape(self, job: int) -> Hashable:
        return 0


class Stream:
    """One stream in front of an engine that works when it is let go; time is moved by hand."""

    def __init__(self) -> None:
        self.engine, self.clock, self.told = Ranked(lambda job: 10 * job), Clock(), list[float]()
        self.batcher = Batcher(self.engine, BatchConfig(), Meter("asr", "echo@1"), clock=self.clock)
        self.load = Load(0.0, 1, self.clock)

    async def submit(self, job: int) -> int:
        async def tell(late: Late) -> None:
            self.told.append(late.waiting.ToTimedelta().total_seconds())

        with self.load.place() as place:
            answer: int = await Waiting(self.batcher, place, 5.0, tell, self.clock, LOOK_S).submit(job, EVER)
        return answer

    async def pass_by(self, seconds: float, *, moving: bool = True) -> None:
        """So much time, in steps that a waiting stream can look at."""
        for _ in range(round(seconds / 0.5)):
            self.clock.now += 0.5
            if moving:
                self.batcher.moved_at = self.clock.now
            await asyncio.sleep(4 * LOOK_S)  # the stream looks every so often, by the machine's own clock


@pytest.fixture
async def stream() -> AsyncIterator[Stream]:
    made = Stream()
    yield made
    made.engine.go()
    await made.batcher.close()


async def test_late_is_said_now_and_then_and_lost_never(stream: Stream) -> None:
    """A final that waits is told late after a while, again much later, and comes all the same."""
    task = asyncio.create_task(stream.submit(2))
    await stream.engine.busy()
    await stream.pass_by(LATE_S + AGAIN_S + 2)
    stream.engine.go()
    assert await task == 20
    assert stream.told == [pytest.approx(LATE_S, abs=0.6), pytest.approx(LATE_S + AGAIN_S, abs=0.6)]


async def test_a_guess_is_never_late(stream: Stream) -> None:
    """Nobody is promised one."""
    task = asyncio.create_task(stream.submit(1))
    await stream.engine.busy()
    await stream.pass_by(LATE_S + 2)
    stream.engine.go()
    assert await task == 10
    assert not stream.told


async def test_an_engine_that_answers_nobody_is_given_up(stream: Stream) -> None:
    """That is no queue any more: another replica shall do it."""
    task = asyncio.create_task(stream.submit(2))
    await stream.engine.busy()
    await stream.pass_by(6.0, moving=False)
    with pytest.raises(DeadlinePassed, match="answered nobody"):
        await task
