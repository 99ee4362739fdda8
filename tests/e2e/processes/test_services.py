"""Every stage as a process: it answers, it can be seen, it ends well."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from parley.errors import Draining, ParleyError, TooManyStreams, Unavailable, UnknownModel
from parley.v1 import models_pb2 as v1
from tests.e2e.process import REQUESTS, Running, command, environment, models_root, running, until_serving
from tests.fakes import PATIENCE_S
from tests.sound import noise, pcm, silence, tone

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
SPEECH = [pcm(noise(16_000)), pcm(silence(1))]
ASKED: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "asr": ({"word_times": True}, SPEECH),
    "denoise": ({}, SPEECH),
    "diarize": ({}, [pcm(tone(150, 3))]),
    "translate": ({"target_language": "de"}, ["Hello there. ", "How are you?"]),
}
FIRST = {"asr": "speech_started", "denoise": "audio", "diarize": "turn", "translate": "translation"}


async def listed(service: Running) -> set[str]:
    """The services that reflection shows."""
    stub = reflection_pb2_grpc.ServerReflectionStub(service.channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    call = stub.ServerReflectionInfo(iter([asked]), timeout=PATIENCE_S)
    answer = await call.read()
    call.cancel()
    return {each.name for each in answer.list_services_response.service}


@pytest.mark.parametrize("stage", ASKED)
async def test_a_stage_answers_and_can_be_seen(stage: str, tmp_path: Path) -> None:
    """It answers a stream, is healthy by service and by version, is listed by reflection, and leaves with 0."""
    async with running(stage, tmp_path) as service:
        config, items = ASKED[stage]
        opened, *events = await service.ask(config, items)
        assert opened.opened.model == "echo@1"
        assert events[0].WhichOneof("event") == FIRST[stage]
        name = f"parley.v1.{service.service}"
        assert [await service.health(each) for each in ("", name, f"{name}/echo@1")] == [SERVING] * 3
        assert {name, "parley.v1.Models", "grpc.health.v1.Health"} <= await listed(service)
        info = (await service.models())["echo@1"]
        assert (info.state, info.is_default, info.device) == (v1.MODEL_STATE_ACTIVE, True, "CPU")
        code, log = await service.stop()
        assert code == 0
        assert all(json.loads(line)["process"] == stage for line in log.splitlines())


async def test_no_version_is_no_health(tmp_path: Path) -> None:
    """The health of a version that is not there is NOT_FOUND, as the protocol says."""
    async with running("asr", tmp_path) as service:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await service.health("parley.v1.Asr/echo@9")
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_metrics_tell_what_happened(tmp_path: Path, unused_tcp_port: int) -> None:
    """The page counts streams, batches and engine time by stage and model."""
    where = f"127.0.0.1:{unused_tcp_port}"
    async with running("asr", tmp_path, PARLEY_TELEMETRY__METRICS=where) as service, httpx.AsyncClient() as http:
        await service.ask(*ASKED["asr"])
        page = (await http.get(f"http://{where}/metrics")).text
        labels = 'model="echo@1",stage="asr"'
        assert f"parley_streams{{{labels}}} 0.0" in page
        assert 'parley_streams_ended_total{model="echo@1",outcome="ok",stage="asr"} 1.0' in page
        for counted in ("parley_batch_size_count", "parley_engine_seconds_count", "parley_queue_wait_seconds_count"):
            assert f"{counted}{{{labels}}} 1.0" in page
        assert f"parley_audio_seconds_total{{{labels}}} 2.0" in page


async def test_a_trace_goes_through(tmp_path: Path) -> None:
    """The client's traceparent, the stream, its queue wait, its batch and the engine are one tree."""
    file = tmp_path / "spans.jsonl"
    trace, parent = "ab" * 16, "cd" * 8
    async with running("asr", tmp_path, PARLEY_TELEMETRY__TRACES=str(file)) as service:
        service.client._metadata["traceparent"] = f"00-{trace}-{parent}-01"
        await service.ask(*ASKED["asr"])
        await service.stop()
    spans = {span["name"]: span for span in map(json.loads, file.read_text().splitlines())}
    above = {name: span["parent_id"] for name, span in spans.items()}
    ids = {name: span["context"]["span_id"] for name, span in spans.items()}
    assert {span["context"]["trace_id"] for span in spans.values()} == {f"0x{trace}"}
    assert above == {"asr": f"0x{parent}", "queue": ids["asr"], "batch": ids["asr"], "engine": ids["batch"]}


async def test_two_versions_side_by_side(tmp_path: Path) -> None:
    """A second version is loaded beside the first, serves who asks for it, and drains when it is retired."""
    root = models_root(tmp_path, "translate", "1", "2")
    async with running("translate", tmp_path, PARLEY_MODELS_ROOT=str(root)) as service:
        config, items = ASKED["translate"]
        with pytest.raises(UnknownModel, match="served: echo@1"):
            await service.ask(config, items, model="echo@2")
        await service.client.models("Load", v1.ModelsLoadRequest(model="echo@2"), "translate")
        assert (await service.ask(config, items, model="echo@2"))[0].opened.model == "echo@2"
        assert (await service.ask(config, items))[0].opened.model == "echo@1"
        assert await service.health("parley.v1.Translate/echo@2") == SERVING
        async with held(service, model="echo@2") as finish:
            retired = await service.client.models("Retire", v1.ModelsRetireRequest(model="echo@2"), "translate")
            assert retired.model.state == v1.MODEL_STATE_DRAINING
            assert (await service.models())["echo@2"].streams == 1
            assert await service.health("parley.v1.Translate/echo@2") == NOT_SERVING
            with pytest.raises(UnknownModel):
                await service.ask(config, items, model="echo@2")
            assert "translation" in await finish()
        async with asyncio.timeout(PATIENCE_S):
            while "echo@2" in await service.models():
                pass
        with pytest.raises(UnknownModel, match=r"has no echo@7; it has echo@1, echo@2"):
            await service.client.models("Load", v1.ModelsLoadRequest(model="echo@7"), "translate")


class held:  # noqa: N801  # reads as a verb
    """A stream that is open until `finish` is awaited, which gives the kinds of all answers."""

    def __init__(self, service: Running, **options: Any) -> None:
        self._service, self._options, self._go = service, options, asyncio.Event()
        self._opened = asyncio.Event()

    async def _requests(self) -> AsyncIterator[Any]:
        kind = REQUESTS[self._service.service]
        config, items = ASKED[self._service.stage]
        yield kind(config=config)
        await self._go.wait()
        for item in items:
            yield kind(**({"text": {"text": item}} if isinstance(item, str) else {"audio": {"data": item}}))

    async def _answers(self) -> list[str]:
        kinds = []
        async for answer in self._service.client.stream(self._service.service, self._requests(), **self._options):
            kinds.append(answer.WhichOneof("event"))
            self._opened.set()
        return kinds

    async def __aenter__(self) -> Any:
        self._task = asyncio.create_task(self._answers())
        async with asyncio.timeout(PATIENCE_S):
            await self._opened.wait()
        return self._finish

    async def _finish(self) -> list[str]:
        self._go.set()
        async with asyncio.timeout(PATIENCE_S):
            return await self._task

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_drain_lets_streams_finish(number: int, tmp_path: Path) -> None:
    """Told to go, it says NOT_SERVING and refuses new streams with a reason; the open one ends well; then exit 0."""
    async with running("asr", tmp_path, PARLEY_DRAIN_S="30") as service, held(service) as finish:
        service.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            while await service.health("parley.v1.Asr") == SERVING:
                pass
        with pytest.raises(Draining) as refused:
            await service.ask(*ASKED["asr"])
        assert refused.value.retry_s is not None
        assert service.process.poll() is None
        assert "transcript" in await finish()
        assert (await service.stop(0))[0] == 0


async def test_a_drain_ends_with_its_grace(tmp_path: Path) -> None:
    """A stream that does not end is ended when the grace is over, with a status; the exit code is still 0."""
    async with running("asr", tmp_path, PARLEY_DRAIN_S="0.2") as service, held(service) as finish:
        assert (await service.stop())[0] == 0
        with pytest.raises(ParleyError):
            await finish()


async def test_who_watches_health_does_not_hold_the_drain(tmp_path: Path) -> None:
    """A health watcher is told NOT_SERVING, and the process does not wait for it to hang up."""
    async with running("asr", tmp_path, PARLEY_DRAIN_S="1000") as service:
        call = health_pb2_grpc.HealthStub(service.channel).Watch(health_pb2.HealthCheckRequest(service=""))
        assert (await call.read()).status == SERVING
        service.process.send_signal(signal.SIGTERM)
        assert (await call.read()).status == NOT_SERVING
        assert (await service.stop(0))[0] == 0
        call.cancel()


async def start_fails(stage: str, folder: Path, env: dict[str, str], *arguments: str) -> str:
    """What a process that cannot start says."""
    started = command(stage, folder, env, *arguments)
    assert await asyncio.to_thread(started.start().wait, PATIENCE_S) != 0
    said = started.log.read_text()
    assert "Traceback" not in said
    return said.strip().splitlines()[-1]


async def test_a_port_in_use_is_a_sentence(tmp_path: Path, unused_tcp_port: int) -> None:
    """The second process on a port says so and goes; the first one serves on."""
    address = f"127.0.0.1:{unused_tcp_port}"
    async with running("asr", tmp_path, PARLEY_LISTEN=address) as first:
        assert first.process.poll() is None
        said = await start_fails("asr", tmp_path, environment(address))
        assert said.startswith(f"asr: `listen` cannot take '{address}'")
        assert first.process.poll() is None


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"PARLEY_BATCH__MAXSIZE": "8"}, "did you mean `batch.max_size`?"),
        ({"PARLEY_MODELS": "echo"}, "write name@version"),
        ({"PARLEY_MODELS": "echo@9"}, "has no echo@9; it has echo@1"),
        ({"PARLEY_MODELS_ROOT": "/nowhere"}, "has none"),
        ({"PARLEY_TELEMETRY__LOG_LEVEL": "LOUD"}, "`telemetry.log_level`"),
        ({"PARLEY_STREAMS": "many"}, "`streams` must be a int"),
    ],
)
async def test_a_bad_config_is_a_sentence(env: dict[str, str], told: str, tmp_path: Path) -> None:
    """Every fault in the config ends the start with one sentence that names the key, and a code that is not 0."""
    assert told in await start_fails("asr", tmp_path, environment(f"unix:{tmp_path}/x.sock", **env))


async def test_no_config_is_a_sentence(tmp_path: Path) -> None:
    """A config file that is not there is named."""
    env = environment(f"unix:{tmp_path}/x.sock")
    assert "There is no config file none.toml" in await start_fails("asr", tmp_path, env, "--config", "none.toml")


async def test_a_full_service_refuses(tmp_path: Path) -> None:
    """One stream too many is told when to come back, and the ones inside do not notice."""
    async with running("asr", tmp_path, PARLEY_STREAMS="1") as service, held(service) as finish:
        with pytest.raises(TooManyStreams) as refused:
            await service.ask(*ASKED["asr"])
        assert refused.value.retry_s
        assert "transcript" in await finish()


async def test_a_service_that_dies_is_unavailable(tmp_path: Path) -> None:
    """Killed in mid-stream, the caller gets a status that says it may try elsewhere."""
    async with running("asr", tmp_path) as service, held(service) as finish:
        service.process.kill()
        with pytest.raises(Unavailable):
            await finish()


async def test_it_can_be_started_again_on_its_socket(tmp_path: Path) -> None:
    """A process that was killed leaves a socket behind; the next one takes it over."""
    for _ in range(2):
        process = command("asr", tmp_path, environment(f"unix:{tmp_path}/again.sock")).start()
        channel = grpc.aio.insecure_channel(f"unix:{tmp_path}/again.sock")
        await until_serving(channel)
        process.kill()
        process.wait(PATIENCE_S)
        await channel.close()
