"""How many of the gateway's files a chunk of sound, and a whole request, pass through: what a newcomer has to read."""

import io
import sys
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import grpc
import httpx
import pytest

import gateway
from gateway.access.pages import Pages
from gateway.access.upload_memory import UploadMemory
from gateway.apis.app import app
from gateway.apis.riva import server as riva_server
from gateway.apis.rpc import ParleyMethods
from gateway.config import GatewayConfig
from gateway.core import Core
from gateway.http.gate import Gate
from gateway.jobs import Jobs
from gateway.sessions.sessions import Sessions
from parley.client import dial
from parley.compat.riva_asr_pb2 import StreamingRecognizeRequest
from parley.v1.asr_pb2 import AsrRequest, AsrResponse
from parley.v1.pipeline_pb2 import PipelineRequest, PipelineResponse
from tests.gateway.fake_replicas import FakeReplica, replicas

HERE = f"{Path(gateway.__file__).parent}/"
NATIVE_MOST, RIVA_MOST, FILE_MOST = 10, 12, 14
REQUEST_MOST = 42  # reading, admitting, caching, routing and opening are most of them; a chunk meets none of these
RIVA = {"encoding": "LINEAR_PCM", "sample_rate_hertz": 16_000}
Chunk = Callable[[], Awaitable[None]]


@contextmanager
def entered() -> Iterator[set[str]]:
    """The gateway's files of which a function is called or resumed meanwhile, on this thread."""
    files: set[str] = set()

    def see(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(HERE):
            files.add(frame.f_code.co_filename.removeprefix(HERE))

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        yield files
    finally:
        sys.setprofile(before)


class Asr:
    """A final a chunk, an interim before it; tells how many chunks have come."""

    def __init__(self) -> None:
        self.on_chunk: Callable[[int], None] = lambda _: None

    async def __call__(self, _: FakeReplica, context: Any) -> None:
        await context.write(AsrResponse(opened={"model": "echo@1"}).SerializeToString())
        heard = 0
        while (data := await context.read()) is not grpc.aio.EOF:
            if AsrRequest.FromString(data).HasField("audio"):
                heard += 1
                self.on_chunk(heard)
                for is_final in (False, True):
                    await context.write(_said(heard, is_final).SerializeToString())


def _said(number: int, is_final: bool) -> AsrResponse:
    answer = AsrResponse(transcript={"text": "alfa", "is_final": is_final})
    answer.transcript.interval.start.FromMilliseconds((number - 1) * 100)
    answer.transcript.interval.end.FromMilliseconds(number * 100)
    return answer


@pytest.fixture
def asr() -> Asr:
    return Asr()


@asynccontextmanager
async def running(folder: Path, asr: Asr, patch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Core, GatewayConfig]]:
    """The whole core with one replica, which is asked for its health once only: that is no chunk's path."""
    patch.setattr("gateway.replicas.replica.EVERY_S", 3600.0)
    async with replicas(folder, "a") as (replica,):
        replica.script = asr
        config = GatewayConfig(upstreams={"asr": (replica.address,)}, routes={"asr/default": {"echo@1": 1}})
        core = Core(config)
        await core.start()
        for looks_by_itself in (core.operations, core.rollouts, core.board.keeper):  # now and then, whatever passes
            await looks_by_itself.close()
        try:
            yield core, config
        finally:
            await core.close()


@asynccontextmanager
async def channel(core: Core, config: GatewayConfig, folder: Path) -> AsyncIterator[grpc.aio.Channel]:
    listening, address = grpc.aio.server(), f"unix:{folder}/gateway.sock"
    sessions = Sessions(core.pipeline, core.keys, config.sessions)
    parley = ParleyMethods(core, config.limits, Jobs(core, config.jobs), UploadMemory(1 << 20), sessions)
    listening.add_generic_rpc_handlers((parley, riva_server.RivaMethods(core, config)))
    listening.add_insecure_port(address)
    await listening.start()
    try:
        async with dial(address) as channel:
            yield channel
    finally:
        await listening.stop(0)


async def steady(chunk: Chunk) -> set[str]:
    """The files of five chunks and their answers, once the stream is under way."""
    for _ in range(3):
        await chunk()
    with entered() as files:
        for _ in range(5):
            await chunk()
    return files


async def test_a_chunk_of_our_own_grpc(tmp_path: Path, asr: Asr, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the socket to the replica, and its words back."""
    async with running(tmp_path, asr, monkeypatch) as (core, config), channel(core, config, tmp_path) as here:
        stream: Any = here.stream_stream("/parley.v1.Pipeline/Stream")()
        await stream.write(PipelineRequest(config={"asr": {"interim_results": True}}).SerializeToString())
        assert PipelineResponse.FromString(await stream.read()).HasField("opened")

        async def chunk() -> None:
            await stream.write(PipelineRequest(audio={"data": bytes(3200)}).SerializeToString())
            while not PipelineResponse.FromString(await stream.read()).transcript.is_final:
                pass

        files = await steady(chunk)
        stream.cancel()
    assert {"apis/rpc.py", "core.py", "pipeline/pipeline.py", "pipeline/tail.py"} <= files
    assert len(files) <= NATIVE_MOST, " ".join(sorted(files))


async def test_a_chunk_of_rivas(tmp_path: Path, asr: Asr, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a client of Riva."""
    async with running(tmp_path, asr, monkeypatch) as (core, config), channel(core, config, tmp_path) as here:
        stream: Any = here.stream_stream(f"/{riva_server.ASR}/StreamingRecognize")()
        await stream.write(StreamingRecognizeRequest(streaming_config={"config": RIVA}).SerializeToString())

        async def chunk() -> None:
            await stream.write(StreamingRecognizeRequest(audio_content=bytes(3200)).SerializeToString())
            for _ in range(2):
                assert await stream.read() is not grpc.aio.EOF

        files = await steady(chunk)
        stream.cancel()
    assert {"apis/riva/server.py", "core.py", "pipeline/pipeline.py"} <= files
    assert len(files) <= RIVA_MOST, " ".join(sorted(files))


def web(core: Core, config: GatewayConfig) -> httpx.AsyncClient:
    """A client of every HTTP API."""
    pages = Pages((), (), has_keys=False, is_exposed=True)
    transport = httpx.ASGITransport(Gate(app(core, config.limits, config.cache), core.keys, pages))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


def silence(seconds: int) -> bytes:
    """As WAV; far more of it than buffers on the way could hold is sent, decoded and answered at the same time."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(16_000 * seconds))
    return file.getvalue()


async def transcribed(client: httpx.AsyncClient, wav: bytes) -> str:
    file = {"file": ("talk.wav", wav)}
    answer = await client.post("/v1/audio/transcriptions", files=file, data={"model": "whisper-1"})
    return str(answer.json()["text"])


async def test_a_chunk_of_a_file(tmp_path: Path, asr: Asr, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds of an uploaded recording, from its middle: decoded, sent and answered."""
    found: list[set[str]] = []
    async with running(tmp_path, asr, monkeypatch) as (core, config), web(core, config) as client:
        with entered() as files:

            def heard(number: int) -> None:
                if number == 10:
                    files.clear()
                if number == 290:
                    found.append(set(files))

            asr.on_chunk = heard
            assert await transcribed(client, silence(300)) == " ".join(["alfa"] * 300)
    assert {"audio/recording.py", "recordings.py", "core.py", "pipeline/tail.py", "pipeline/continuity.py"} <= found[0]
    assert len(found[0]) <= FILE_MOST, " ".join(sorted(found[0]))


async def test_a_whole_file(tmp_path: Path, asr: Asr, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything between the request's head and the last byte of its answer."""
    async with running(tmp_path, asr, monkeypatch) as (core, config), web(core, config) as client:
        with entered() as files:
            assert await transcribed(client, silence(3)) == "alfa alfa alfa"
    assert {"http/gate.py", "apis/openai/rest.py", "http/cache.py", "routing/router.py"} <= files
    assert len(files) <= REQUEST_MOST, " ".join(sorted(files))
