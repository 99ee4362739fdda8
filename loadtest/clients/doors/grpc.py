"""Pipeline and stage streams over gRPC, paced as if spoken."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any

from google.protobuf.message import Message

from loadtest.address import Where
from loadtest.clients.doors.connections import Lines
from loadtest.clients.doors.hearing import Hearing
from loadtest.clients.pace import paced
from loadtest.measured.clips import CHUNK_S, Clip
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


class GrpcVoice:
    """Speaks into a pipeline, or into one stage."""

    def __init__(self, where: Where, scenario: Scenario) -> None:
        self._lines = Lines(partial(Client, where.grpc, where.credentials, alone=True), scenario.most)
        self._service, self._config = scenario.door.capitalize(), config_of(scenario)

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording."""
        requests = self._requests(clip, due)
        with self._lines.line() as client:
            async with aclosing(client.stream(self._service, requests)) as answers:
                async for answer in answers:
                    kind = answer.WhichOneof("event")
                    hearing.take(kind, getattr(answer, kind))

    async def _requests(self, clip: Clip, due: float | None) -> AsyncIterator[Message]:
        request = REQUESTS[self._service]
        yield request(config=self._config)
        async for _, chunk in paced(clip.chunks(), due, CHUNK_S):
            yield request(audio={"data": chunk})

    async def close(self) -> None:
        """Hang up."""
        await self._lines.close()
