"""Pipeline and stage streams over gRPC, paced as if spoken."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from google.protobuf.message import Message

from loadtest.book import Book
from loadtest.clips import CHUNK_S, Clip
from loadtest.doors.hearing import Hearing
from loadtest.measures import Measures
from loadtest.pace import paced
from loadtest.samples import Samples
from loadtest.scenario import Scenario
from parley.client import Client
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.v1.denoise_pb2 import DenoiseConfig, DenoiseRequest
from parley.v1.diarize_pb2 import DiarizeConfig, DiarizeRequest
from parley.v1.pipeline_pb2 import DENOISE_FOR_EAR, PipelineConfig, PipelineRequest
from parley.v1.translate_pb2 import TranslateConfig

REQUESTS: dict[str, Any] = {
    "Pipeline": PipelineRequest,
    "Asr": AsrRequest,
    "Denoise": DenoiseRequest,
    "Diarize": DiarizeRequest,
}
CALM_S = 60.0


def config_of(scenario: Scenario) -> Message:
    """What a stream asks for."""
    asr, denoise, diarize = AsrConfig(interim_results=True), DenoiseConfig(), DiarizeConfig()
    if scenario.door != "pipeline":
        return {"asr": asr, "denoise": denoise, "diarize": diarize}[scenario.door]
    stages = scenario.stages
    return PipelineConfig(
        asr=asr if "asr" in stages else None,
        denoise=denoise if "denoise" in stages else None,
        denoise_for=DENOISE_FOR_EAR,
        diarize=diarize if "diarize" in stages else None,
        translate=[TranslateConfig(target_language=scenario.target)] if "translate" in stages else [],
    )


class GrpcStream:
    """A person who speaks into a stream."""

    def __init__(self, address: str, scenario: Scenario, clips: list[Clip], samples: Samples) -> None:
        self._client = Client(address)
        self._service = scenario.door.capitalize()
        self._config, self._held_ms = config_of(scenario), scenario.held_ms
        self._clips, self._samples = clips, samples
        self._wanted: dict[str, str] = {}

    async def calm(self) -> None:
        """What each recording gives when there is time."""
        for clip in self._clips:
            hearing = Hearing(clip, 0.0, Book(Measures(), 0.0))
            await self._stream(hearing, self._requests(clip, None), CALM_S)
            self._wanted[clip.name] = hearing.text

    def lasts(self, n: int) -> float:
        """As long as the recording."""
        return self._clips[n % len(self._clips)].seconds

    async def call(self, n: int, due: float, book: Book) -> None:
        """One recording."""
        clip = self._clips[n % len(self._clips)]
        hearing = Hearing(clip, due, book, self._held_ms, self._wanted.get(clip.name) or None)
        try:
            await self._stream(hearing, self._requests(clip, due), None)
        except BaseException:
            hearing.broken()
            raise
        hearing.end()
        self._samples.keep(clip, hearing.text, bytes(hearing.audio))

    async def _stream(self, hearing: Hearing, requests: AsyncIterator[Message], timeout_s: float | None) -> None:
        async with aclosing(self._client.stream(self._service, requests, timeout_s=timeout_s)) as answers:
            async for answer in answers:
                kind = answer.WhichOneof("event")
                hearing.take(kind, getattr(answer, kind))

    async def _requests(self, clip: Clip, due: float | None) -> AsyncIterator[Message]:
        request = REQUESTS[self._service]
        yield request(config=self._config)
        if due is None:
            for chunk in clip.chunks():
                yield request(audio={"data": chunk})
        else:
            async for _, chunk in paced(clip.chunks(), due, CHUNK_S):
                yield request(audio={"data": chunk})

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()
