"""Pipeline and stage streams over gRPC, paced as if spoken."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any

from google.protobuf.message import Message

from loadtest.address import Where
from loadtest.clients.apis.connections import Connections
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.pace import paced
from loadtest.measured.clips import CHUNK_S, Clip
from loadtest.scenario import Scenario
from parley.client import Client
from parley.v1.pipeline_pb2 import PipelineRequest
from parley.wire.pipeline import pipeline_config
from parley.wire.stages import STAGES


def config_of(scenario: Scenario) -> Message:
    """What a stream asks for."""
    if scenario.api != "pipeline":
        return _config(scenario.api, scenario)
    return pipeline_config(_config(name, scenario) for name in scenario.stages)


def _config(name: str, scenario: Scenario) -> Message:
    """A stage's config, with guesses and a language wherever it has such fields."""
    config: Any = STAGES[name].config()
    wanted = {"interim_results": True, "target_language": scenario.target}
    for field in wanted.keys() & config.DESCRIPTOR.fields_by_name.keys():
        setattr(config, field, wanted[field])
    return config  # type: ignore[no-any-return]


class GrpcStreamClient:
    """Speaks into a pipeline, or into one stage."""

    def __init__(self, where: Where, scenario: Scenario) -> None:
        self._connections = Connections(partial(Client, where.grpc, where.credentials, alone=True), scenario.most)
        self._config, stage = config_of(scenario), STAGES.get(scenario.api)
        self._service = stage.service.name if stage else "Pipeline"
        self._request: Any = stage.request if stage else PipelineRequest
        self._model = scenario.model

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording."""
        requests = self._requests(clip, due)
        with self._connections.connection() as client:
            async with aclosing(client.stream(self._service, requests, model=self._model)) as answers:
                async for answer in answers:
                    kind = answer.WhichOneof("event")
                    hearing.take(kind, getattr(answer, kind))

    async def _requests(self, clip: Clip, due: float | None) -> AsyncIterator[Message]:
        request = self._request
        yield request(config=self._config)
        async for _, chunk in paced(clip.chunks(), due, CHUNK_S):
            yield request(audio={"data": chunk})

    async def close(self) -> None:
        """Hang up."""
        await self._connections.close()
