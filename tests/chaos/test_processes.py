"""Each process killed, or stopped for some seconds, under pipelines of all stages."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from parley.client import Client, requests_of
from parley.errors import Unavailable
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from tests.e2e.cluster import STAGES, Cluster, cut
from tests.e2e.live import recording
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

STREAMS = 4
STOPPED_S, AWAY_S = 6.0, 1.0
PATIENT = {"wait_s": 30.0}  # a process that starts anew on a busy machine takes its time
CONFIG = PipelineConfig(asr={}, denoise={}, diarize={}, translate=[{"source_language": "en", "target_language": "de"}])


@dataclass
class Heard:
    """What one pipeline said."""

    finals: list[Any] = field(default_factory=list)
    translated: list[str] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)

    @property
    def words(self) -> list[tuple[str, int]]:
        """Each final with its place."""
        return [(final.text, final.interval.start.ToMilliseconds()) for final in self.finals]

    def hear(self, answer: Any) -> None:
        """One more answer."""
        self.finals += [answer.transcript] * answer.transcript.is_final
        self.translated += [answer.translation.source_text] * answer.HasField("translation")
        self.notices += [(answer.notice.stage, answer.notice.reason)] * answer.HasField("notice")


async def listen(client: Client, seed: int, speed: float = 1.0, begun: asyncio.Event | None = None) -> Heard:
    """A live stream."""
    heard = Heard()

    async def live() -> AsyncIterator[bytes]:
        start = time.monotonic()
        for number, chunk in enumerate(cut(recording(seed))):
            await asyncio.sleep(start + number * 0.1 / speed - time.monotonic())
            yield chunk

    async for answer in client.stream("Pipeline", requests_of(PipelineRequest, CONFIG, live()), timeout_s=120):
        heard.hear(answer)
        if begun and heard.finals:
            begun.set()
    return heard


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path_factory.mktemp("chaos"), failover=PATIENT) as cluster:
        yield cluster


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(cluster: Cluster) -> list[Heard]:
    """What is said when nothing happens."""
    async with cluster.client() as client:
        return list(await asyncio.gather(*(listen(client, seed, 20.0) for seed in range(STREAMS))))


async def harm(cluster: Cluster, name: str, how: signal.Signals) -> None:
    """Kill it and start it again, or stop it for a while."""
    if how is signal.SIGKILL:
        cluster.kill(name)
        await asyncio.sleep(AWAY_S)
        cluster.start_again(name)
    else:
        cluster.signal(name, signal.SIGSTOP)
        await asyncio.sleep(STOPPED_S)
        cluster.signal(name, signal.SIGCONT)


async def under_streams(cluster: Cluster, name: str, how: signal.Signals) -> list[Heard | BaseException]:
    """Live streams, in the middle of which it happens."""
    begun = [asyncio.Event() for _ in range(STREAMS)]
    async with cluster.client() as client:
        streams = [asyncio.create_task(listen(client, seed, begun=begun[seed])) for seed in range(STREAMS)]
        await asyncio.gather(*(each.wait() for each in begun))
        await harm(cluster, name, how)
        ended = await asyncio.gather(*streams, return_exceptions=True)
    await cluster.ready()
    return ended


def well(streams: list[Heard | BaseException]) -> list[Heard]:
    """None of them failed."""
    assert [each for each in streams if isinstance(each, BaseException)] == []
    return [each for each in streams if isinstance(each, Heard)]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("stage", STAGES)
async def test_a_stage_goes_and_comes_back(
    cluster: Cluster, undisturbed: list[Heard], stage: str, how: signal.Signals
) -> None:
    """Every word comes, once, at its place; every final is translated; what was missing meanwhile is named."""
    disturbed = well(await under_streams(cluster, stage, how))
    assert [each.words for each in disturbed] == [each.words for each in undisturbed]
    assert [each.translated for each in disturbed] == [each.translated for each in undisturbed]
    notices = {notice for each in disturbed for notice in each.notices}
    assert (stage, "UNAVAILABLE") in notices
    assert {name for name, reason in notices if reason != "LATE"} == {stage}


async def test_a_gateway_that_stood_still_lost_nothing(cluster: Cluster, undisturbed: list[Heard]) -> None:
    """Its streams go on where they were, and it takes no replica for a hung one."""
    disturbed = well(await under_streams(cluster, "gateway", signal.SIGSTOP))
    assert [each.words for each in disturbed] == [each.words for each in undisturbed]


async def test_a_gateway_that_is_killed_leaves_nothing_behind(cluster: Cluster, undisturbed: list[Heard]) -> None:
    """Its callers are told, the services let go of its streams, and the next gateway serves."""
    ended = await under_streams(cluster, "gateway", signal.SIGKILL)
    assert {type(each) for each in ended} == {Unavailable}
    await until(lambda: asyncio.to_thread(_quiet, cluster))
    async with cluster.client() as client:
        assert (await listen(client, 0, 20.0)).words == undisturbed[0].words


def _quiet(cluster: Cluster) -> bool:
    """No service has a stream."""
    pages = [cluster.scraped(stage) for stage in STAGES]
    lines = [line for page in pages for line in page.splitlines() if line.startswith("parley_streams{")]
    return len(lines) >= len(STAGES) and all(line.rpartition(" ")[2] == "0.0" for line in lines)
