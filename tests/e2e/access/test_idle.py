"""Streams that send nothing: they lose their places soon, and never those of others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import grpc
import pytest
import pytest_asyncio

from gateway.apis.riva.server import ASR
from parley.client import Client, dial, requests_of
from parley.compat import riva_asr_pb2 as riva
from parley.errors import ParleyError, StreamIdle, TooManyStages, TooManyStreams
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.v1.translate_pb2 import TranslateConfig, TranslateRequest
from tests.e2e.cluster import Cluster
from tests.waiting import never, until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

PLACES, SOUND_S = 8, 2.0
RIVA = {"encoding": "LINEAR_PCM", "sample_rate_hertz": 16_000}
LIMITS = {"streams": PLACES, "first_message_s": 0.5, "sound_s": SOUND_S, "text_s": 30.0, "streams_per_call": 4}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path_factory.mktemp("idle"), ("asr", "translate"), limits=LIMITS) as cluster:
        yield cluster


async def places(cluster: Cluster) -> int:
    return int((await cluster.status())["streams"])


async def silent(*first: Any) -> AsyncIterator[Any]:
    """These, and then nothing for ever."""
    for each in first:
        yield each
    await never()


def translated(times: int) -> PipelineRequest:
    targets = [TranslateConfig(source_language="en", target_language=f"x{n}") for n in range(times)]
    return PipelineRequest(config=PipelineConfig(asr={}, translate=targets))


async def ended(client: Client, service: str, *first: Any) -> ParleyError:
    """How a stream that says this, and then nothing, ends."""
    with pytest.raises(ParleyError) as refused:
        async for _ in client.stream(service, silent(*first), timeout_s=20):
            pass
    return refused.value


@pytest.mark.parametrize(
    ("service", "first"),
    [
        ("Asr", ()),
        ("Translate", ()),
        ("Pipeline", ()),
        ("Asr", (AsrRequest(config={}),)),
        ("Pipeline", (PipelineRequest(config={"asr": {}}),)),
        ("Pipeline", (translated(2),)),
    ],
)
async def test_who_sends_nothing_is_not_waited_for(cluster: Cluster, service: str, first: tuple[Any, ...]) -> None:
    """Before the first message or after it: the stream ends with its reason, and its places are free."""
    async with cluster.client() as client:
        assert isinstance(await ended(client, service, *first), StreamIdle)
    await until(lambda: _none(cluster))


async def _none(cluster: Cluster) -> bool:
    return await places(cluster) == 0


async def test_twenty_four_silent_streams_do_not_keep_the_eight_places(cluster: Cluster) -> None:
    """Eight get in, the others are refused at once, and soon somebody who speaks is served."""
    async with cluster.client() as client:
        config = AsrRequest(config={})
        all_of_them = await asyncio.gather(*(ended(client, "Asr", config) for _ in range(24)))
        kinds = [type(error) for error in all_of_them]
        assert (kinds.count(StreamIdle), kinds.count(TooManyStreams)) == (PLACES, 24 - PLACES)
        speech = requests_of(AsrRequest, AsrConfig(), [bytes(3200)])
        told = [answer async for answer in client.stream("Asr", speech, timeout_s=20)]
        assert told[0].HasField("opened")


async def test_a_pipeline_has_as_many_places_as_streams(cluster: Cluster) -> None:
    """One for each stage and translation; what is more than a call may have is the caller's fault."""
    async with cluster.client() as client:
        stream = client.stream("Pipeline", silent(translated(3)), timeout_s=20)
        await anext(stream)
        assert await places(cluster) == 4
        await stream.aclose()
        assert isinstance(await ended(client, "Pipeline", translated(4)), TooManyStages)


async def test_what_no_caller_sent_is_no_replicas_fault(cluster: Cluster) -> None:
    """Idle streams without number open no breaker, and are lost by nobody else."""
    async with cluster.client() as client:
        for _ in range(2):
            await asyncio.gather(*(ended(client, "Asr", AsrRequest(config={})) for _ in range(6)))
        assert [each["breaker"] for each in await cluster.replicas("asr")] == ["closed"]


async def test_people_who_type_may_think(cluster: Cluster) -> None:
    """A stream of texts has longer pauses than one of sound."""

    async def typed() -> AsyncIterator[TranslateRequest]:
        yield TranslateRequest(config={"source_language": "en", "target_language": "de"})
        await asyncio.sleep(SOUND_S + 0.5)
        yield TranslateRequest(text={"text": "Hello."})

    async with cluster.client() as client:
        told = [answer async for answer in client.stream("Translate", typed(), timeout_s=20)]
    assert told[-1].translation.source_text == "Hello."


async def test_rivas_clients_may_begin_late(cluster: Cluster) -> None:
    """Between the config and the first sound there may be as much time as between two sounds."""
    async with dial(cluster.grpc) as channel:
        call: Any = channel.stream_stream(f"/{ASR}/StreamingRecognize")()
        await call.write(riva.StreamingRecognizeRequest(streaming_config={"config": RIVA}).SerializeToString())
        await asyncio.sleep(SOUND_S / 2)
        await call.write(riva.StreamingRecognizeRequest(audio_content=bytes(32_000)).SerializeToString())
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK
        late: Any = channel.stream_stream(f"/{ASR}/StreamingRecognize")()
        with suppress(grpc.aio.AioRpcError):
            assert await late.read() is grpc.aio.EOF
        assert await late.code() is grpc.StatusCode.INVALID_ARGUMENT
