"""The room behind the doors: every call, from whichever door, comes through here. Must not know a door."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gateway.admission import Admission
from gateway.config import GatewayConfig
from gateway.pipeline import Pipeline
from gateway.routing import Router
from gateway.upstream import Upstream
from parley import telemetry, wire
from parley.budget import Budget
from parley.client import SERVICES, Exchange
from parley.errors import ConfigExpected, NotFound, ParleyError
from parley.v1.models_pb2 import ModelsListRequest, ModelsListResponse
from parley.v1.pipeline_pb2 import PipelineRequest, PipelineResponse


@dataclass(frozen=True)
class Caller:
    """Who asks, and how long they wait."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget.of(None))

    @property
    def key(self) -> str:
        """What keeps a caller on one version; without a session every call draws anew."""
        return self.metadata.get(wire.SESSION) or uuid.uuid4().hex


@contextmanager
def _counted(call: str) -> Iterator[None]:
    telemetry.CALLS.labels(call).inc()
    outcome = "cancelled"
    try:
        yield
        outcome = "ok"
    except Exception as error:
        outcome = error.reason if isinstance(error, ParleyError) else ParleyError.reason
        raise
    finally:
        telemetry.CALLS.labels(call).dec()
        telemetry.CALLS_ENDED.labels(call, outcome).inc()


class Core:
    """Admission, routing, upstreams."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config = config
        self._router = Router(config.routes)
        self._upstreams = {name: Upstream(name, at, config.breaker) for name, at in config.upstreams.items()}
        self.admission = Admission(config.limits.streams)

    @property
    def stages(self) -> dict[str, ServiceDescriptor]:
        """The stages that have an upstream, by name."""
        return {name: SERVICES[name.capitalize()] for name in self._upstreams if name.capitalize() in SERVICES}

    @asynccontextmanager
    async def open(
        self, stage: str, requests: AsyncIterable[bytes], caller: Caller, model: str = ""
    ) -> AsyncIterator[Exchange]:
        """One stream to one stage, as bytes."""
        upstream = self._upstream(stage)
        ref = self._router.pick(stage, model or caller.metadata.get(wire.MODEL, ""), caller.key)
        metadata = telemetry.traceparent() | ({wire.MODEL: str(ref)} if ref else {})
        path = f"/{self.stages[stage].full_name}/Stream"
        async with upstream.stream(path, requests, metadata, caller.budget) as exchange:
            yield exchange

    def _upstream(self, stage: str) -> Upstream:
        if stage not in self._upstreams:
            raise NotFound(f"There is no stage {stage!r} here; there are {', '.join(self._upstreams)}.")
        return self._upstreams[stage]

    @asynccontextmanager
    async def admitted(self, name: str, caller: Caller) -> AsyncIterator[None]:
        """A place, and a span that continues the caller's trace. A pipeline's stages share both."""
        with (
            self.admission.place(),
            telemetry.tracer().start_as_current_span("gateway", telemetry.parent_of(caller.metadata)) as span,
        ):
            span.set_attribute("parley.call", name)
            with _counted(name):
                yield

    async def stage(
        self, name: str, requests: AsyncIterator[Any], caller: Caller, model: str = ""
    ) -> AsyncGenerator[Any]:
        """One stage alone, as messages."""
        async with (
            self.admitted(name, caller),
            aclosing(self._messages(name, requests, caller, model)) as answers,
        ):
            async for answer in answers:
                yield answer

    async def _messages(
        self, name: str, requests: AsyncIterator[Message], caller: Caller, model: str
    ) -> AsyncGenerator[Any]:
        self._upstream(name)
        answer_type = GetMessageClass(self.stages[name].methods_by_name["Stream"].output_type)
        raw = (request.SerializeToString() async for request in requests)
        async with self.open(name, raw, caller, model) as exchange:
            async for answer in exchange.answers():
                yield answer_type.FromString(answer)

    async def pipeline(
        self, requests: AsyncIterator[PipelineRequest], caller: Caller
    ) -> AsyncGenerator[PipelineResponse]:
        """Several stages in one stream."""
        async with self.admitted("pipeline", caller):
            first = await anext(requests, None)
            if first is None or first.WhichOneof("message") != "config":
                raise ConfigExpected("A stream begins with its config; send that first.")

            def open_stage(name: str, items: AsyncIterator[Message], model: str) -> AsyncGenerator[Any]:
                return self._messages(name, items, caller, model)

            pipeline = Pipeline(first.config, open_stage, self._config.stalls_s)
            async with aclosing(pipeline.run(requests)) as answers:
                async for answer in answers:
                    yield answer

    async def unary(self, stage: str, path: str, request: bytes, caller: Caller) -> bytes:
        """One method of a stage's service that has one answer."""
        async with self.admitted("models", caller):
            return await self._upstream(stage).unary(path, request, telemetry.traceparent(), caller.budget)

    async def ready(self) -> dict[str, bool]:
        """Stage -> whether some replica serves."""
        found = await asyncio.gather(*(upstream.serves() for upstream in self._upstreams.values()))
        return {name: able and not self.admission.draining for name, able in zip(self._upstreams, found, strict=True)}

    async def status(self) -> dict[str, Any]:
        """What an operator wants to see at a glance."""
        told = await asyncio.gather(*map(self._status, self._upstreams.values()))
        stages = dict(zip(self._upstreams, told, strict=True))
        ready = all(any(r["health"] == "SERVING" for r in stage["replicas"]) for stage in stages.values())
        return {"ready": ready, "streams": self.admission.open, "routes": self._config.routes, "stages": stages}

    async def _status(self, upstream: Upstream) -> dict[str, Any]:
        replicas = [
            {"address": r.address, "health": health, "breaker": r.breaker.state, "streams": r.streams}
            for r, health in zip(upstream.replicas, await upstream.health(), strict=True)
        ]
        return {"replicas": replicas, "models": await self._models(upstream)}

    async def _models(self, upstream: Upstream) -> list[dict[str, Any]]:
        try:
            answer = await upstream.unary(
                "/parley.v1.Models/List", ModelsListRequest().SerializeToString(), {}, Budget.of(2.0)
            )
        except ParleyError as error:
            return [{"error": str(error)}]
        return [
            {"model": m.model, "backend": m.backend, "device": m.device, "device_reason": m.device_reason}
            | {"streams": m.streams, "default": m.is_default, "languages": list(m.languages), "license": m.license}
            for m in ModelsListResponse.FromString(answer).models
        ]

    async def close(self) -> None:
        """Hang up everywhere."""
        for upstream in self._upstreams.values():
            await upstream.close()
