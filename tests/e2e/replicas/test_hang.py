"""Two replicas of asr: one hangs, or both do for some seconds. Nobody waits in silence, and no word is lost."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from parley.client import Client, requests_of
from parley.errors import Unavailable
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from tests.e2e.cluster import Cluster
from tests.e2e.live import Heard, listen, recording

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

STREAMS = 4
HANGS_S = 6.0  # longer than it takes to notice, shorter than words are waited for
LIMIT_S = 30.0  # half of what such a stream waited when only grpc's keepalive watched it


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("hang"), ("asr",), replicas=2)
    try:
        await cluster.start()
        yield cluster
    finally:
        for name in ("asr", "asr-2"):
            cluster.running[name].send_signal(signal.SIGCONT)
        cluster.stop()


async def stopped(cluster: Cluster, names: list[str], seconds: float) -> None:
    """They stand still for so long."""
    for name in names:
        cluster.running[name].send_signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    for name in names:
        cluster.running[name].send_signal(signal.SIGCONT)


async def alone(client: Client, begun: asyncio.Event) -> str:
    """A stream straight to asr, in which nobody says anything more; how it ends."""

    async def quiet() -> AsyncIterator[bytes]:
        yield bytes(3200)
        await asyncio.sleep(2 * LIMIT_S)

    requests = requests_of(AsrRequest, AsrConfig(), quiet())
    try:
        async for answer in client.stream("Asr", requests, timeout_s=2 * LIMIT_S):
            assert answer.HasField("opened")
            begun.set()
    except Unavailable as error:
        return str(error)
    return "well"


async def undisturbed(client: Client) -> list[Heard]:
    return list(await asyncio.gather(*(listen(client, recording(n), 20.0) for n in range(STREAMS))))


async def live(client: Client) -> list[Heard]:
    return list(await asyncio.gather(*(listen(client, recording(n), 2.0) for n in range(STREAMS))))


async def test_a_stream_to_one_that_hangs_is_ended(pair: Cluster) -> None:
    """SIGSTOP: streams that cannot be carried on end with UNAVAILABLE and the name of the replica; others stay."""
    begun = [asyncio.Event() for _ in range(STREAMS)]
    async with pair.client() as client:
        streams = [asyncio.create_task(alone(client, each)) for each in begun]
        await asyncio.gather(*(each.wait() for each in begun))
        hanging = asyncio.create_task(stopped(pair, ["asr"], LIMIT_S))
        async with asyncio.timeout(LIMIT_S):
            while not any(each.done() for each in streams):
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)
        ended = [each for each in streams if each.done()]
        assert 0 < len(ended) < STREAMS
        assert all(f"{pair.socket('asr')} does not answer" in each.result() for each in ended)
        hanging.cancel()
        pair.running["asr"].send_signal(signal.SIGCONT)
        for each in streams:
            each.cancel()
        await asyncio.gather(hanging, *streams, return_exceptions=True)
    await pair.ready()


@pytest.mark.parametrize("names", [["asr"], ["asr", "asr-2"]])
async def test_a_pipeline_outlives_those_that_hang(pair: Cluster, names: list[str]) -> None:
    """One of two, or both for some seconds: it is told, and every word is the undisturbed one."""
    async with pair.client() as client:
        before = await undisturbed(client)
        streams = asyncio.create_task(live(client))
        await asyncio.sleep(1.5)
        await stopped(pair, names, HANGS_S)
        disturbed = await streams
    assert [each.said() for each in disturbed] == [each.said() for each in before]
    told = [{notice.reason for notice in each.notices} for each in disturbed]
    assert {"UNAVAILABLE"} in told
    assert len(names) == 1 or set() not in told
    await pair.ready()
