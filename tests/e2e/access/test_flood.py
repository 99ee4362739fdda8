"""One stream that is fed faster than it is heard: memory stays, the client waits, the words come."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest
import pytest_asyncio

from parley.client import Client, requests_of
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from tests.e2e.cluster import Cluster, speech
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

MEGABYTE = 1 << 20
CHUNK = 1 << 15


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path_factory.mktemp("flood"), ("asr", "denoise")) as cluster:
        yield cluster


class Flood:
    """Sends the same speech again and again, as fast as it is taken."""

    def __init__(self, client: Client, config: PipelineConfig) -> None:
        self.sent = self.finals = self.returned = 0
        self.stop = False
        self._pcm = speech(2.0, 1.0)
        self.task = asyncio.create_task(self._listen(client, config))

    async def _pieces(self) -> AsyncIterator[bytes]:
        while not self.stop:
            at = self.sent % (len(self._pcm) - CHUNK)
            yield self._pcm[at - at % 2 :][:CHUNK]
            self.sent += CHUNK

    async def _listen(self, client: Client, config: PipelineConfig) -> None:
        requests: Any = requests_of(PipelineRequest, config, self._pieces())
        async for answer in client.stream("Pipeline", requests, timeout_s=90):
            self.finals += answer.transcript.is_final
            self.returned += len(answer.audio.data)


def resident(cluster: Cluster) -> dict[str, float]:
    return {name: psutil.Process(each.pid).memory_info().rss / MEGABYTE for name, each in cluster.running.items()}


async def grown(cluster: Cluster, seconds: float) -> dict[str, float]:
    """How many megabytes each process came to hold more, at its worst."""
    before, worst, end = resident(cluster), dict[str, float](), time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.sleep(0.1)  # between two looks at what is held
        worst = {name: max(worst.get(name, 0.0), now - before[name]) for name, now in resident(cluster).items()}
    return worst


async def test_a_stage_that_takes_nothing_stops_its_client(cluster: Cluster) -> None:
    """While asr stands still the gateway takes a few megabytes and no more; when it moves again, words come."""
    async with cluster.client() as client:
        cluster.running["asr"].send_signal(signal.SIGSTOP)
        try:
            flood = Flood(client, PipelineConfig(asr={}))
            await asyncio.sleep(1.0)  # in which a client that nobody stops would send all it has
            assert flood.sent < MEGABYTE  # no replica has opened the stream: only the window fills
        finally:
            cluster.running["asr"].send_signal(signal.SIGCONT)
        await until(lambda: flood.finals)
        cluster.running["asr"].send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(0.5)  # what is on its way comes to rest
            before = flood.sent
            more = await grown(cluster, 2.0)
        finally:
            cluster.running["asr"].send_signal(signal.SIGCONT)
        assert flood.sent - before < 2 * MEGABYTE
        assert more["gateway"] < 16
        flood.stop = True
        await asyncio.wait_for(flood.task, 60)
    assert flood.finals > 1


async def test_memory_does_not_grow_with_a_streams_length(cluster: Cluster) -> None:
    """Thousands of seconds in a few: no process grows by more than what one stream may hold."""
    async with cluster.client() as client:
        flood = Flood(client, PipelineConfig(asr={}, denoise={}))
        await asyncio.sleep(1.0)  # what a stream holds anyway
        more = await grown(cluster, 4.0)
        while flood.sent <= 10 * MEGABYTE:  # a machine that is busy with other tests takes longer
            more = await grown(cluster, 4.0)
        flood.stop = True
        await asyncio.wait_for(flood.task, 60)
    assert flood.returned == flood.sent
    assert max(more.values()) < 32, more
