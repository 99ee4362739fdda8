"""Two replicas of asr: one is killed, told to go, or loses its version, under streams that go on."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.pipeline.channels import together
from parley.audio import media
from parley.audio.pcm import RATE_HZ
from parley.client import Client
from parley.errors import TooBusy
from parley.v1.pipeline_pb2 import PipelineConfig
from tests.e2e.cluster import ROOT, Cluster
from tests.e2e.live import CONFIG, Heard, listen, recording

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

STREAMS = 20
CALLS = 5
WHOLE = PipelineConfig(asr={"word_times": True, "recording": True})
PER_CHANNEL = PipelineConfig(asr=CONFIG.asr, format={"channels": 2}, per_channel=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("pair"), ("asr",), replicas=2)
    try:
        await cluster.start()
        await _settled(cluster)
        yield cluster
    finally:
        cluster.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(pair: Cluster) -> list[Heard]:
    """What is said when nothing happens."""
    async with pair.client() as client:
        return list(await asyncio.gather(*(listen(client, recording(n), 20.0) for n in range(STREAMS))))


async def test_no_word_is_lost_and_none_said_twice(pair: Cluster, undisturbed: list[Heard]) -> None:
    """Kill -9 of a replica under 20 live streams: every transcript is the undisturbed one, and nobody hangs."""
    begun = [asyncio.Event() for _ in range(STREAMS)]
    async with pair.client() as client:
        streams = [asyncio.create_task(listen(client, recording(n), 3.0, begun[n])) for n in range(STREAMS)]
        await asyncio.gather(*(each.wait() for each in begun))
        killed = await pair.busiest("asr")
        pair.kill(killed)
        disturbed = await asyncio.gather(*streams)
    pair.start_service(killed)
    assert all(len(each.finals) == 8 for each in undisturbed)
    assert [each.said() for each in disturbed] == [each.said() for each in undisturbed]
    moved = [each for each in disturbed if each.notices]
    assert 0 < len(moved) < STREAMS
    assert {(n.stage, n.reason) for each in moved for n in each.notices} == {("asr", "UNAVAILABLE")}
    stalls = sorted(max(each.stalls[1:]) for each in moved)
    assert stalls[-1] < 10.0  # a hang; how long a move may take is judged by `make sla`
    told = (await pair.status())["words"]
    assert any(line.startswith("Notices of asr, UNAVAILABLE") for line in told)
    assert any("says UNAVAILABLE" in line or "2 of 2 replicas" in line for line in told)
    page = await asyncio.to_thread(pair.page)
    assert f'parley_failover_seconds_count{{stage="asr"}} {len(moved)}.0' in page
    assert 'service="parley.v1.Asr",version="echo@1"} 2.0' in page
    await pair.ready()


async def test_a_call_says_what_its_channels_say_alone(pair: Cluster, undisturbed: list[Heard]) -> None:
    """Kill -9 under calls of two channels: each channel has every word that it has without the other, once."""
    await _settled(pair)
    begun = [asyncio.Event() for _ in range(CALLS)]
    async with pair.client() as client:
        calls = [
            asyncio.create_task(listen(client, call(2 * n, 2 * n + 1), 3.0, begun[n], PER_CHANNEL))
            for n in range(CALLS)
        ]
        await asyncio.gather(*(each.wait() for each in begun))
        killed = await pair.busiest("asr")
        pair.kill(killed)
        disturbed = await asyncio.gather(*calls)
    pair.start_service(killed)
    told = [each.said(track) for each in disturbed for track in ("1", "2")]
    assert told == [each.said() for each in undisturbed[: 2 * CALLS]]
    moved = [notice.track for each in disturbed for notice in each.notices]
    assert 0 < len(moved) < 2 * CALLS
    assert set(moved) <= {"1", "2"}
    await pair.ready()


async def test_a_recording_is_heard_alike_by_whoever_goes_on(pair: Cluster) -> None:
    """Kill -9 under recordings of several windows: every sentence is the undisturbed one, at its place, once."""
    await _settled(pair)
    talks = [bytes(5 * 2 * RATE_HZ).join(recording(3 * n + k) for k in range(3)) for n in range(CALLS)]
    begun = [asyncio.Event() for _ in talks]
    async with pair.client() as client:
        whole = await asyncio.gather(*(listen(client, talk, 100.0, config=WHOLE) for talk in talks))
        streams = [
            asyncio.create_task(listen(client, talk, 10.0, each, WHOLE))
            for talk, each in zip(talks, begun, strict=True)
        ]
        await asyncio.gather(*(each.wait() for each in begun))
        killed = await pair.busiest("asr")
        pair.kill(killed)
        disturbed = await asyncio.gather(*streams)
    pair.start_service(killed)
    assert all(len(each.finals) >= 3 for each in whole)
    assert [each.said() for each in disturbed] == [each.said() for each in whole]
    assert 0 < len([each for each in disturbed if each.notices]) < CALLS
    await pair.ready()


def call(left: int, right: int) -> bytes:
    """Two recordings side by side; the shorter one ends in silence."""
    both = recording(left), recording(right)
    longest = max(map(len, both))
    return together([each.ljust(longest, b"\0") for each in both], 2)


async def _settled(cluster: Cluster) -> None:
    """Both replicas serve and take streams: of two at once, each gets one."""
    async with asyncio.timeout(60), cluster.client() as client:
        while not await _shared(cluster, client):
            await asyncio.sleep(0.2)  # a health check is due twice a second, a late replica is passed over for five


async def _shared(cluster: Cluster, client: Client) -> bool:
    """Whether two streams that are open at once are on two replicas."""
    begun = asyncio.Event(), asyncio.Event()
    streams = [asyncio.create_task(listen(client, recording(1), 3.0, each)) for each in begun]
    await asyncio.gather(*(each.wait() for each in begun))
    here = [(r["health"], r["breaker"], r["streams"]) for r in await cluster.replicas("asr")]
    for each in streams:
        each.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    return here == [("SERVING", "closed", 1)] * 2


async def test_a_drain_moves_its_streams(pair: Cluster, undisturbed: list[Heard]) -> None:
    """SIGTERM of a replica moves its streams before its grace is over, and the words are the same."""
    await _settled(pair)
    begun = [asyncio.Event() for _ in range(STREAMS)]
    async with pair.client() as client:
        streams = [asyncio.create_task(listen(client, recording(n), 3.0, begun[n])) for n in range(STREAMS)]
        await asyncio.gather(*(each.wait() for each in begun))
        began = time.monotonic()
        killed = await pair.busiest("asr")
        pair.running[killed].send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(pair.running[killed].wait, 20)
        took = time.monotonic() - began
        disturbed = await asyncio.gather(*streams)
    pair.start_service(killed)
    assert code == 0
    assert took < 10.0  # its grace: nobody had to be broken off
    assert [each.said() for each in disturbed] == [each.said() for each in undisturbed]
    assert {n.reason for each in disturbed for n in each.notices} == {"DRAINING"}


DESK = media.read((ROOT / "examples/desk.flac").read_bytes(), 60, RATE_HZ).data[: 2 * RATE_HZ * 14]
PLACES = 6
APART = RATE_HZ  # bytes: half a second
PLAIN = PipelineConfig(asr={})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recognisers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    model = "whisper-tiny.en-live@1"
    routes, env = {"asr/default": {model: 100}}, {"PARLEY_MODELS": model}
    async with Cluster(tmp_path_factory.mktemp("recognisers"), ("asr",), replicas=2, env=env, routes=routes) as cluster:
        yield cluster


async def insist(client: Client, pcm: bytes, begun: asyncio.Event | None = None) -> Heard:
    """Someone who comes back when it is too busy, as they are told to."""
    while True:
        try:
            return await listen(client, pcm, 2.0, begun, PLAIN)
        except TooBusy as refused:  # only before it has begun
            await asyncio.sleep(refused.retry_s or 1.0)


async def test_wherever_people_are_they_are_understood_alike(recognisers: Cluster) -> None:
    """Kill -9 of a real recogniser, people in mid-word, in a pause, just heard: all words are the undisturbed ones."""
    people = [bytes(n * APART) + DESK for n in range(PLACES)]
    begun = [asyncio.Event() for _ in people]
    async with recognisers.client() as client:
        undisturbed = await asyncio.gather(*(insist(client, pcm) for pcm in people))
        streams = [asyncio.create_task(insist(client, pcm, each)) for pcm, each in zip(people, begun, strict=True)]
        await asyncio.gather(*(each.wait() for each in begun))  # each is at another place of the same talk
        recognisers.kill(await recognisers.busiest("asr"))
        disturbed = await asyncio.gather(*streams)
    assert all(len(each.finals) == 3 for each in undisturbed)
    assert [each.said() for each in disturbed] == [each.said() for each in undisturbed]
    moved = [each for each in disturbed if "UNAVAILABLE" in {n.reason for n in each.notices}]  # others may be late
    assert moved
