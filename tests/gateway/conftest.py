"""A core that says what it is told to, and remembers what it was asked."""

import asyncio
import io
import math
import struct
import wave
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from cryptography.fernet import Fernet
from google.protobuf.message import Message
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gateway.access.admission import Admission, Places
from gateway.access.audit import Audit
from gateway.access.keys import KeyRing
from gateway.access.voices import Voices
from gateway.apis.app import app
from gateway.caller import CacheScope
from gateway.config import CacheConfig, GatewayConfig, Limits, RolloutsConfig, VoicesConfig
from gateway.core import Caller, Core
from gateway.report import traces
from gateway.report.operations import Operations
from gateway.report.sla import SlaReports
from gateway.rollouts.rollouts import Rollouts
from gateway.routing import names
from gateway.routing.switchboard import Switchboard
from parley.audit.config import AuditConfig
from parley.errors import NotFound
from parley.v1.asr_pb2 import Transcript, Word
from parley.v1.audio_pb2 import Interval, Opened
from parley.v1.diarize_pb2 import DiarizeResponse, Enrolled, Voiceprint
from parley.v1.models_pb2 import ModelsCardRequest, ModelsCardResponse
from parley.v1.pipeline_pb2 import PipelineOpened, PipelineRequest, PipelineResponse
from parley.v1.translate_pb2 import TranslateResponse, Translation
from parley.wire.keys import NOBODY, Key
from parley.wire.stages import STAGES
from tests.waiting import never


class FakeCore:
    """Answers at the end of the requests with `answers`, or fails with `error`."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.caller: Caller | None = None
        self.model = ""
        self.answers: list[Any] = []
        self.error: Exception | None = None
        self.errors: dict[str, Exception] = {}  # of one stage
        self.said: dict[str, list[Any]] = {}  # a stage -> what it says instead of its echo
        self.hang = False
        self.open = 0
        self.opened = asyncio.Event()
        self.stages = {"asr": True, "translate": True}
        self.needed: list[str] = []
        self.served: CacheScope | None = None
        self.board = Switchboard(GatewayConfig(upstreams={}, routes={"asr/default": {"echo@1": 1}}))
        self.keys = KeyRing(None)
        self.folder = TemporaryDirectory()
        self.voices = Voices(VoicesConfig(Fernet.generate_key().decode(), self.folder.name))
        self.audit = Audit(AuditConfig())
        self.admission = Admission(Limits())
        self.operations = Operations(self.board, self.admission)
        self.sla = SlaReports(Path("nowhere"))
        self.rollouts = Rollouts(self.board, RolloutsConfig(), "127.0.0.1:8080")

    def key_for(self, caller: Caller, scope: str) -> Key:
        return self.keys.of(caller.metadata)

    async def trace(self, trace_id: str) -> Sequence[Mapping[str, object]]:
        return await traces.of(self.board, trace_id)

    async def unary(self, stage: str, path: str, request: bytes, caller: Caller) -> bytes:
        if stage not in self.stages:
            raise NotFound(f"There is no stage {stage!r}.")
        model = ModelsCardRequest.FromString(request).model
        return ModelsCardResponse(text=f"# {model} of {stage}").SerializeToString()

    def serves(self, caller: Caller) -> CacheScope | None:
        return self.served

    @asynccontextmanager
    async def conversation(self, caller: Caller) -> AsyncIterator[Places]:
        with self.admission.conversation(NOBODY, "live") as places:
            yield places

    async def pipeline(
        self,
        requests: AsyncIterator[PipelineRequest],
        caller: Caller,
        places: Places | None = None,
        *,
        first: PipelineRequest | None = None,
    ) -> AsyncIterator[Any]:
        async def all_of_them() -> AsyncIterator[PipelineRequest]:
            if first:
                yield first
            async for request in requests:
                yield request

        async for answer in self._run("pipeline", all_of_them(), caller):
            yield answer

    async def stage(
        self, name: str, requests: AsyncIterator[Message], caller: Caller, model: str = ""
    ) -> AsyncIterator[Any]:
        self.model = model
        async for answer in self._run(name, requests, caller):
            yield answer

    async def whole(self, name: str, requests: list[Message], caller: Caller, model: str = "") -> list[Any]:
        async def each() -> AsyncIterator[Message]:
            for request in requests:
                yield request

        return [answer async for answer in self.stage(name, each(), caller, model)]

    async def _run(self, name: str, requests: AsyncIterator[Any], caller: Caller) -> AsyncIterator[Any]:
        self.caller = caller
        self.open += 1
        self.opened.set()
        try:
            if error := self.errors.get(name, self.error):
                raise error
            opened = _opened(name)
            yield opened
            async for request in requests:
                self.asked.append(request)
                for answer in self._said(name, request):
                    yield answer
            for answer in self.answers:
                if isinstance(answer, type(opened)):
                    yield answer
            if self.hang:
                await never()
        finally:
            self.open -= 1

    def _said(self, name: str, request: Any) -> list[Message]:
        if name == "translate" and name in self.said and request.text.text:
            answers = [TranslateResponse(translation=piece) for piece in self.said[name]]
            return [each for each in answers if each.translation.source_text in request.text.text]
        return _echo(name, request)

    def named(self, stage: str, name: str) -> str:
        return names.ours(stage, name, {}, ["asr/default", "asr/fast"], ["echo@1"])

    @property
    def needs(self) -> list[str]:
        return self.needed or list(self.stages)

    async def ready(self) -> dict[str, bool]:
        return self.stages

    async def status(self) -> dict[str, object]:
        if self.error:
            raise self.error
        asr = {"model": "echo@1", "languages": ["en"]}
        both = {"model": "echo@1", "languages": ["en", "de"]}
        stages = {"asr": {"models": [asr]}, "translate": {"models": [both]}, "denoise": {"models": [{"error": "gone"}]}}
        return {"ready": True, "streams": self.open, "routes": {"asr/default": {"echo@1": 1}}, "stages": stages}


def _opened(name: str) -> Message:
    if name == "pipeline":
        return PipelineResponse(opened=PipelineOpened(models={"asr": "echo@1"}))
    answer: Any = STAGES[name].answer
    return cast(Message, answer(opened=Opened(model="echo@1")))


def _echo(name: str, request: Any) -> list[Message]:
    """Filters give the sound back; translate says every text in capitals, word by word; each voice has a print."""
    if name == "diarize" and request.config.report_voiceprints:
        voiceprint = Voiceprint(model="echo@1", values=b"1234")
        return [
            DiarizeResponse(enrolled=Enrolled(name=e.name, voiceprint=voiceprint)) for e in request.config.enrolments
        ]
    if name in STAGES and STAGES[name].is_filter and request.audio.data:
        answer: Any = STAGES[name].answer
        return [answer(audio=request.audio)]
    if name == "translate" and (text := request.text.text):
        said = Translation(source_text=text, text=text.upper(), source_language="en", target_language="de")
        said.source_confidence = 1.0
        return [TranslateResponse(translation=said)]
    if name == "pipeline" and request.audio.data == b"echo":
        return [PipelineResponse(audio=request.audio)]
    return []


def final(text: str, start_ms: int = 0, end_ms: int = 1000, words: tuple[str, ...] = ()) -> PipelineResponse:
    """A final as the pipeline says it."""
    interval = Interval()
    interval.start.FromMilliseconds(start_ms)
    interval.end.FromMilliseconds(end_ms)
    spoken = [Word(text=each, interval=interval) for each in words]
    return PipelineResponse(
        transcript=Transcript(text=text, is_final=True, interval=interval, words=spoken, language="en")
    )


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
def limits() -> Limits:
    return Limits(upload_bytes=200_000, audio_s=10.0, request_s=5.0)


@pytest.fixture
def hasty(core: FakeCore) -> Iterator[TestClient]:
    """A client of a gateway that waits for nobody."""
    limits = Limits(first_message_s=0.05, sound_s=0.05, text_s=0.2)
    with TestClient(app(cast(Core, core), limits, CacheConfig()), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def http_app(core: FakeCore, limits: Limits) -> Starlette:
    return app(cast(Core, core), limits, CacheConfig())


@pytest.fixture
def client(http_app: Starlette) -> Iterator[TestClient]:
    with TestClient(http_app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def talk() -> bytes:
    """Two and a half seconds of a tone at 8 kHz, as WAV."""
    return tone(2.5)


def tone(seconds: float, rate_hz: int = 8000) -> bytes:
    """A tone as WAV."""
    samples = [round(9000 * math.sin(n / 5)) for n in range(round(seconds * rate_hz))]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()
