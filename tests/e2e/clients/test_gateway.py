"""A whole cluster: what a client of the gateway sees."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest

from parley.client import Client, requests_of
from parley.errors import BadInput, ParleyError, PartialSample, Unavailable, UnknownModel, UnsupportedFormat
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.v1.denoise_pb2 import DenoiseRequest
from parley.v1.models_pb2 import ModelsListRequest
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.v1.translate_pb2 import TranslateConfig, TranslateRequest
from tests.e2e.cluster import STAGES, Cluster, cut, speech

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

ALL = PipelineConfig(asr={"word_times": True}, denoise={}, diarize={}, translate=[{"target_language": "de"}])


async def talk(client: Client, pcm: bytes, config: PipelineConfig = ALL) -> list[Any]:
    """Everything a pipeline says about a recording."""
    requests = requests_of(PipelineRequest, config, cut(pcm))
    return [answer async for answer in client.stream("Pipeline", requests, timeout_s=60)]


def finals(answers: list[Any]) -> list[str]:
    return [answer.transcript.text for answer in answers if answer.transcript.is_final]


async def test_a_chunk_walks_through_all_rooms(cluster: Cluster) -> None:
    """Words, speakers, translations and as much cleaned audio as went in come out of one stream."""
    pcm = speech(1.2, 2.0)
    async with cluster.client() as client:
        answers = await talk(client, pcm)
    assert len(finals(answers)) == 2
    assert [a.translation.text for a in answers if a.HasField("translation")] == finals(answers)
    assert sum(len(a.audio.data) for a in answers) == len(pcm)
    assert all(word.speaker for a in answers for word in a.transcript.words)
    assert not any(a.HasField("notice") for a in answers)


@pytest.mark.parametrize("recording", [False, True])
async def test_sound_that_is_held_back_is_all_there(cluster: Cluster, recording: bool) -> None:
    """Where nothing is found in it, it is the same; the last of it comes behind the last final."""
    pcm = speech(1.2, 2.0, gap_s=2.5)
    wanted = PipelineConfig(asr={"recording": recording}, denoise={})
    held = PipelineConfig(asr={"recording": recording}, denoise={}, redact=["card"], redact_sound="REDACT_SOUND_TONE")
    async with cluster.client() as client:
        answers = [await talk(client, pcm, config) for config in (wanted, held)]
    whole, late = (b"".join(answer.audio.data for answer in each) for each in answers)
    assert whole == late
    assert answers[1][-1].HasField("audio")
    assert not any(answer.HasField("answered") or answer.transcript.words for answer in answers[1])


async def test_passthrough_says_the_same_as_the_pipeline(cluster: Cluster) -> None:
    """A stage alone through the gateway gives the pipeline's words."""
    pcm = speech(1.5, 0.7)
    async with cluster.client() as client:
        direct = client.stream("Asr", requests_of(AsrRequest, AsrConfig(), cut(pcm)))
        alone = [answer.transcript.text async for answer in direct if answer.HasField("transcript")]
        assert alone == finals(await talk(client, pcm, PipelineConfig(asr={})))


async def test_text_goes_through_the_gateway_too(cluster: Cluster) -> None:
    """Translate is served by the same API."""
    async with cluster.client() as client:
        config = TranslateConfig(target_language="de")
        answers = [
            a async for a in client.stream("Translate", requests_of(TranslateRequest, config, ["Good ", "day."]))
        ]
    assert [a.translation.text for a in answers if a.HasField("translation")] == ["Good day."]


BAD: dict[str, tuple[str, list[Any], type[ParleyError], str]] = {
    "audio first": ("Asr", [AsrRequest(audio={"data": b"00"})], ParleyError, "CONFIG_EXPECTED"),
    "two configs": ("Asr", [AsrRequest(config={}), AsrRequest(config={})], BadInput, "CONFIG_REPEATED"),
    "wrong rate": (
        "Asr",
        [AsrRequest(config={"format": {"sample_rate_hz": 4}})],
        UnsupportedFormat,
        "UNSUPPORTED_FORMAT",
    ),
    "odd bytes": ("Asr", [AsrRequest(config={}), AsrRequest(audio={"data": b"123"})], PartialSample, "PARTIAL_SAMPLE"),
    "10 MB": ("Asr", [AsrRequest(config={}), AsrRequest(audio={"data": bytes(10 << 20)})], BadInput, "CHUNK_TOO_LARGE"),
    "20 MB": ("Asr", [AsrRequest(config={}), AsrRequest(audio={"data": bytes(20 << 20)})], ParleyError, ""),
    "text to ears": ("Asr", [AsrRequest(config={}), TranslateRequest(text={"text": "hi"})], BadInput, "EMPTY_MESSAGE"),
    "nothing": ("Denoise", [DenoiseRequest(config={}), DenoiseRequest()], BadInput, "EMPTY_MESSAGE"),
    "no target": ("Translate", [TranslateRequest(config={})], BadInput, "INVALID_ARGUMENT"),
    "pipeline, no stage": ("Pipeline", [PipelineRequest(config={})], BadInput, "INVALID_ARGUMENT"),
    "pipeline, audio first": ("Pipeline", [PipelineRequest(audio={"data": b"00"})], BadInput, "CONFIG_EXPECTED"),
    "pipeline, odd bytes": (
        "Pipeline",
        [PipelineRequest(config={"asr": {}}), PipelineRequest(audio={"data": b"123"})],
        PartialSample,
        "PARTIAL_SAMPLE",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_input_gets_a_reason(cluster: Cluster, case: str) -> None:
    """Whatever a client sends wrongly, it is told what, through the gateway as directly; never INTERNAL."""
    service, requests, kind, reason = BAD[case]

    async def send() -> AsyncIterator[Any]:
        for request in requests:
            yield request

    async with cluster.client() as client:
        with pytest.raises(kind) as caught:
            [answer async for answer in client.stream(service, send(), timeout_s=20)]
    assert caught.value.reason == reason or not reason
    assert caught.value.reason != "INTERNAL"


async def test_an_unknown_model_names_those_there_are(cluster: Cluster) -> None:
    """NOT_FOUND says what is served."""
    async with cluster.client() as client:
        for model, known in (("nope@1", "echo@1"), ("nope", "asr/default")):
            with pytest.raises(UnknownModel, match=known):
                [a async for a in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), []), model=model)]


async def test_models_are_listed_through_the_gateway(cluster: Cluster) -> None:
    """Each stage's versions can be asked for by its name."""
    async with cluster.client() as client:
        for stage in STAGES:
            answer = await client.models("List", ModelsListRequest(), stage)
            assert [(answer.stage, m.model, m.is_default) for m in answer.models] == [(stage, "echo@1", True)]


async def test_hang_ups_leak_nothing(cluster: Cluster) -> None:
    """After 500 clients hung up at random moments no stream, task or socket is left in any process."""
    pcm, chance = speech(1.0), random.Random(5)

    async def hang_up(client: Client) -> None:
        answers = client.stream("Pipeline", requests_of(PipelineRequest, ALL, _slowly(cut(pcm, 20))))
        try:
            async with asyncio.timeout(chance.random() * 0.2):
                async for _ in answers:
                    pass
        except TimeoutError:
            pass

    async def crowd(client: Client, count: int) -> None:
        for _ in range(count):
            await hang_up(client)

    async with cluster.client() as client:
        await crowd(client, 5)
        before = await _held(cluster, client)
        await asyncio.gather(*(crowd(client, 25) for _ in range(20)))
        async with asyncio.timeout(20):
            while any(now > then for now, then in zip(await _held(cluster, client), before, strict=True)):
                await asyncio.sleep(0.1)
        assert finals(await talk(client, pcm))


async def _slowly(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
        await asyncio.sleep(0.004)  # so that a client can hang up in between


async def _held(cluster: Cluster, client: Client) -> tuple[int, int, int]:
    """Streams that hold a model, tasks, and open files of all processes."""
    lists = [await client.models("List", ModelsListRequest(), stage) for stage in STAGES]
    streams = sum(model.streams for answer in lists for model in answer.models)
    tasks = await asyncio.to_thread(cluster.tasks)
    return streams, tasks, sum(psutil.Process(process.pid).num_fds() for process in cluster.running.values())


async def test_killed_asr_is_told_and_comes_back(cluster: Cluster) -> None:
    """Kill -9 of the only replica under 20 streams gives each a notice at once; started again, it serves."""
    dead = asyncio.Event()

    async def live() -> AsyncIterator[bytes]:
        for chunk in cut(speech(1.0)):
            yield chunk
        await dead.wait()
        for chunk in cut(speech(0.5)):
            yield chunk

    async def listen(client: Client, opened: asyncio.Event, config: PipelineConfig) -> str:
        try:
            async for answer in client.stream("Pipeline", requests_of(PipelineRequest, config, live()), timeout_s=40):
                if answer.HasField("opened"):
                    opened.set()
                if answer.HasField("notice"):
                    return f"notice {answer.notice.stage}"
        except Unavailable:
            return "status"
        return "silence"

    async with cluster.client() as client:
        opened = [asyncio.Event() for _ in range(20)]
        configs = [PipelineConfig(asr={}, diarize={}) if n % 2 else PipelineConfig(asr={}) for n in range(20)]
        streams = [asyncio.create_task(listen(client, *each)) for each in zip(opened, configs, strict=True)]
        await asyncio.gather(*(each.wait() for each in opened))
        cluster.kill("asr")
        dead.set()
        told = await asyncio.gather(*streams)
        cluster.start_service("asr")
        await cluster.ready()
        assert finals(await _until_served(client))
    assert told == ["notice asr"] * 20


async def _until_served(client: Client) -> list[Any]:
    async with asyncio.timeout(20):
        while True:
            try:
                return await talk(client, speech(1.0), PipelineConfig(asr={}))
            except Unavailable as error:
                await asyncio.sleep(min(error.retry_s or 0.2, 0.5))  # as it was asked to


TRACE_EDGES = {("client", "gateway"), ("gateway", "asr"), ("asr", "queue"), ("asr", "batch"), ("batch", "engine")}


async def test_one_trace_from_the_client_to_the_engine(cluster: Cluster) -> None:
    """Every declared edge exists in the trace that the client began."""
    trace_id, client_span = f"{random.getrandbits(128):032x}", f"{random.getrandbits(64):016x}"
    metadata = {"traceparent": f"00-{trace_id}-{client_span}-01"}
    async with Client(cluster.grpc, metadata) as client:
        await talk(client, speech(1.0), PipelineConfig(asr={}))
    async with asyncio.timeout(20):
        while not (edges := _edges(cluster, trace_id, client_span)) >= TRACE_EDGES:
            await asyncio.sleep(0.2)
    assert edges == TRACE_EDGES
    for process, latency in (("gateway", "call"), ("asr", "engine"), ("asr", "queue_wait")):
        lines = (await asyncio.to_thread(cluster.scraped, process)).splitlines()
        behind = [line for line in lines if line.startswith(f"parley_{latency}_seconds_bucket") and trace_id in line]
        assert behind, f"{process} does not lead from {latency} to the trace"


def _edges(cluster: Cluster, trace_id: str, client_span: str) -> set[tuple[str, str]]:
    lines = [line for name in ("gateway", "asr") for line in cluster.traces(name).read_text().splitlines() if line]
    spans = [span for span in map(json.loads, lines) if span["context"]["trace_id"] == f"0x{trace_id}"]
    names = {span["context"]["span_id"]: span["name"] for span in spans} | {f"0x{client_span}": "client"}
    return {(names.get(span["parent_id"], "?"), span["name"]) for span in spans}


async def test_everybody_goes_when_asked(cluster: Cluster) -> None:
    """SIGTERM ends every process with exit code 0 while a client idles on an open stream."""
    async with cluster.client() as client:
        answers = client.stream("Pipeline", requests_of(PipelineRequest, PipelineConfig(asr={}), []))
        await anext(answers)
        codes = await asyncio.to_thread(cluster.stop)
        await answers.aclose()
    assert set(codes.values()) == {0}
