"""A replica that is late is not dead, and one that is full says so at once."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gateway.caller import Caller, Wish
from gateway.config import FailoverConfig, GatewayConfig
from gateway.pipeline.branch import Outage
from gateway.pipeline.pipeline import Pipeline
from gateway.replicas.pool import Upstream
from gateway.routing.switchboard import Switchboard
from parley.client import Exchange
from parley.errors import Draining, TooBusy
from parley.v1.asr_pb2 import AsrResponse
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.wire import protocol
from tests.fakes import Clock
from tests.gateway.fake_replicas import FakeReplica, call, replicas, upstream, waiting
from tests.gateway.pipeline.test_pipeline import Scripted, notices, texts
from tests.gateway.pipeline.test_pipeline_failover import WORDS, Stages, run
from tests.waiting import until

VERSION = "echo@1"


async def test_a_late_stage_is_told_of_and_left_alone() -> None:
    """The client hears that words are late; nothing is sent again, and no other replica is looked for."""
    opened = 0

    async def late(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
        nonlocal opened
        opened += 1
        yield AsrResponse(opened={"model": "asr@1"})
        async for _ in requests:
            yield AsrResponse(late={"waiting": {"seconds": 3}})

    async def requests() -> AsyncIterator[PipelineRequest]:
        yield PipelineRequest(audio={"data": b"0" * 3200})
        await asyncio.sleep(0.5)  # longer than a stage that does nothing may be silent

    pipeline = Pipeline(PipelineConfig(asr={}), Scripted({"asr": late}), {"asr": 0.2}, FailoverConfig(wait_s=0.5))
    answers = [answer async for answer in pipeline.run(requests())]
    told = [answer.notice for answer in answers if answer.HasField("notice")]
    assert {(each.stage, each.reason, each.HasField("interval")) for each in told} == {("asr", "LATE", True)}
    assert "waited 3.0 s" in told[0].message
    assert opened == 1


async def test_words_that_nobody_has_room_for_are_refused_at_once() -> None:
    """A stream that could not begin is no stream without words: its client can come back."""
    stages = Stages("asr", TooBusy("full", retry_s=3.0))
    with pytest.raises(TooBusy) as refused:
        await run(stages, PipelineConfig(asr={}, diarize={}))
    assert refused.value.retry_s == 3.0
    assert len(stages.models) == 1


async def test_a_lost_stream_waits_for_room() -> None:
    """Where its replica is gone and the others are full it waits, and every word comes once."""
    stages = Stages("asr", 1, *[TooBusy("full")] * 3)
    answers = await run(stages, PipelineConfig(asr={}))
    assert "".join(texts(answers)) == WORDS
    assert notices(answers) == [("asr", "UNAVAILABLE")]


def test_room_is_waited_for_longer_than_a_replica() -> None:
    """As long as the sound is kept; then it is lost after all."""
    clock = Clock()
    outage = Outage(FailoverConfig(wait_s=5.0, room_s=30.0), clock)
    assert outage.pause_s(True) == 0.0
    clock.now += 20
    assert outage.pause_s(False) is None
    assert outage.pause_s(False, full=True) is not None
    clock.now += 20
    assert outage.pause_s(False, full=True) is None


async def test_who_goes_on_says_so(tmp_path: Path) -> None:
    """Another replica lets a stream in that has begun before it lets in a new one."""
    board = Switchboard(GatewayConfig(upstreams={"asr": (f"unix:{tmp_path}/a",)}, routes={"asr/default": {VERSION: 1}}))
    for is_again in (False, True):
        wish = Wish("asr", is_again=is_again)
        choice = board._choice(wish, Caller(), "")
        (asked,) = board._calls(wish, Caller(), choice, True)
        assert (protocol.AGAIN in asked.metadata) == is_again
    await board.close()


async def _held(here: Upstream, stack: AsyncExitStack) -> Exchange:
    asked = call(version=VERSION, rerouted=lambda: False)
    exchange = await stack.enter_async_context(here.stream(asked, waiting))
    answers = aiter(exchange.answers())
    assert [await anext(answers), await anext(answers)][1] == b"config"
    return exchange


async def _ready(made: list[FakeReplica], here: Upstream, *room: bool) -> None:
    for each, has_room in zip(made, room, strict=True):
        await each.serves(True, VERSION)
        await each.serves(has_room, f"{VERSION}{protocol.ROOM}")
    for replica in here.replicas:
        replica.watch(VERSION)
    await until(lambda: all(replica.health(VERSION) == "SERVING" for replica in here.replicas))


async def test_a_late_stream_moves_where_there_is_room(tmp_path: Path) -> None:
    """One at a time, and the replica that is late is not asked first for the next one."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here, AsyncExitStack() as stack:
        await _ready(made, here, True, True)
        streams = [await _held(here, stack) for _ in range(4)]
        late = [each for each in streams if each in here.replicas[0].open]
        for each in late:
            await here.relieve(each)
        moved, stays = late
        with pytest.raises(Draining, match="another one has room"):
            await anext(aiter(moved.answers()))
        assert stays in here.replicas[0].open
        assert await here._choose(call(version=VERSION), []) is here.replicas[1]


async def test_a_late_stream_stays_where_nobody_has_room(tmp_path: Path) -> None:
    """The other replica is full, or there is none: the stream waits where it is."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here, AsyncExitStack() as stack:
        await _ready(made, here, False, False)
        stream = await _held(here, stack)
        await here.relieve(stream)
        assert any(stream in replica.open for replica in here.replicas)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(aiter(stream.answers()))
