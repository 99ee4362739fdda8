"""More callers than there are places, and callers that vanish."""

import asyncio
import os
import random
from collections.abc import AsyncIterator

import pytest

from parley.client import Client, requests_of
from parley.errors import TooManyStreams
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from tests.e2e.cluster import Cluster, cut, speech
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

HANG_UPS, AT_A_TIME = 500, 25
CALLERS, PLACES = 24, 8
CONFIG = PipelineConfig(asr={"interim_results": True}, denoise={}, diarize={})
TALK = cut(speech(1.0, 1.0))


def open_files(cluster: Cluster) -> int:
    """Of all processes."""
    return sum(len(os.listdir(f"/proc/{cluster.pid(name)}/fd")) for name in cluster.names)


async def listen(client: Client) -> int:
    """A whole stream, as fast as it goes; how many finals it has."""
    requests = requests_of(PipelineRequest, CONFIG, TALK)
    return sum([a.transcript.is_final async for a in client.stream("Pipeline", requests, timeout_s=60)])


async def hang_up(address: str, after_s: float) -> None:
    """Somebody with a connection of their own, who is gone in the middle of whatever it was."""

    async def live() -> AsyncIterator[bytes]:
        for chunk in TALK:
            yield chunk
            await asyncio.sleep(0.05)

    async def talk() -> None:
        async with Client(address, alone=True) as client:
            async for _ in client.stream("Pipeline", requests_of(PipelineRequest, CONFIG, live())):
                pass

    task = asyncio.create_task(talk())
    await asyncio.sleep(after_s)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_those_who_hang_up_leave_nothing_behind(cluster: Cluster) -> None:
    """500 of them, at any moment: no place, no task, no open file stays, and who comes then is served."""
    draw = random.Random(7)
    async with cluster.client() as client:
        finals = await listen(client)
        for _ in range(2):  # what is made once, at the first of them, is there before it is counted
            await asyncio.gather(*(hang_up(cluster.grpc, 0.3) for _ in range(AT_A_TIME)))
        await until(lambda: _empty(cluster))
        tasks, files = await asyncio.to_thread(cluster.tasks), open_files(cluster)
        for _ in range(HANG_UPS // AT_A_TIME):
            await asyncio.gather(*(hang_up(cluster.grpc, draw.uniform(0.0, 0.6)) for _ in range(AT_A_TIME)))
        await until(lambda: _empty(cluster))
        await until(lambda: _no_more_than(cluster, tasks + 10, files + 10))
        assert await listen(client) == finals > 0


async def _empty(cluster: Cluster) -> bool:
    return bool((await cluster.status())["streams"] == 0)


async def _no_more_than(cluster: Cluster, tasks: int, files: int) -> bool:
    return await asyncio.to_thread(cluster.tasks) <= tasks and open_files(cluster) <= files


async def test_a_place_too_few_is_told_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """24 callers on 8 places: 8 are served, 16 hear when to come back, and whoever comes later is let in."""
    cluster = Cluster(tmp_path_factory.mktemp("places"), ("asr",), limits={"streams": PLACES, "for_live": 0.0})
    ended = asyncio.Event()

    async def until_ended() -> AsyncIterator[bytes]:
        yield TALK[0]
        await ended.wait()

    async def call(client: Client) -> str:
        requests = requests_of(AsrRequest, AsrConfig(), until_ended())
        try:
            models = [answer.opened.model async for answer in client.stream("Asr", requests, timeout_s=60)]
        except TooManyStreams as error:
            return f"refused for {error.retry_s:g} s"
        return str(models[0])

    try:
        await cluster.start()
        async with cluster.client() as client:
            callers = [asyncio.create_task(call(client)) for _ in range(CALLERS)]
            await until(lambda: sum(each.done() for each in callers) == CALLERS - PLACES)
            await asyncio.sleep(1.0)
            assert [each.result() for each in callers if each.done()] == ["refused for 1 s"] * (CALLERS - PLACES)
            ended.set()
            assert (await asyncio.gather(*callers)).count("echo@1") == PLACES
            assert await asyncio.gather(*(call(client) for _ in range(PLACES))) == ["echo@1"] * PLACES
    finally:
        ended.set()
        cluster.stop()
