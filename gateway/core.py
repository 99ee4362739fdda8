"""The room behind the doors: every call, from whichever door, comes through here. Must not know a door."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gateway.admission import Admission
from gateway.config import GatewayConfig
from gateway.pipeline import Pipeline
from gateway.plan import REQUESTS
from gateway.replica import Call
from gateway.rewind import Rewind
from gateway.routing import Router
from gateway.upstream import Upstream
from parley import telemetry, wire
from parley.budget import Budget
from parley.client import SERVICES, Exchange
from parley.errors import BadConfig, ConfigExpected, NotFound, ParleyError
from parley.v1.models_pb2 import ModelsListRequest, ModelsListResponse
from parley.v1.pipeline_pb2 import PipelineRequest, PipelineResponse

Again = Callable[[], AsyncIterator[Message]]


@dataclass(frozen=True)
class Caller:
    """Who asks, and how long they wait."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget.of(None))

    @cached_property
    def key(self) -> str:
        """What keeps a caller on one version; without a session every call draws anew, once."""
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
        self._upstreams = {name: self._to(name, named) for name, named in config.upstreams.items()}
        self.admission = Admission(config.limits.streams)

    def _to(self, stage: str, named: Sequence[str]) -> Upstream:
        service = SERVICES.get(stage.capitalize())
        if service is None:
            raise BadConfig(f"`upstreams` names the stage {stage!r}; there are {', '.join(REQUESTS)}.")
        return Upstream(stage, service.full_name, named, self._config.breaker, self._config.calls)

    async def start(self) -> None:
        """Find the replicas."""
        await asyncio.gather(*(upstream.start() for upstream in self._upstreams.values()))

    @property
    def stages(self) -> dict[str, ServiceDescriptor]:
        """The stages that have an upstream, by name."""
        return {name: SERVICES[name.capitalize()] for name in self._upstreams}

    @asynccontextmanager
    async def open(
        self, stage: str, requests: AsyncIterator[bytes], caller: Caller, model: str = ""
    ) -> AsyncIterator[Exchange]:
        """One stream to one stage, as bytes; until its first answer, another replica may take it."""
        upstream, call = self._upstream(stage), self._call(stage, caller, model)
        rewind = Rewind(requests)
        try:
            await rewind.first()
            async with upstream.stream(call, rewind.requests) as exchange:
                rewind.settle()
                yield exchange
        finally:
            await rewind.close()

    def _call(self, stage: str, caller: Caller, model: str) -> Call:
        ref = self._router.pick(stage, model or caller.metadata.get(wire.MODEL, ""), caller.key)
        metadata = telemetry.traceparent() | ({wire.MODEL: str(ref)} if ref else {})
        path = f"/{self.stages[stage].full_name}/Stream"
        return Call(path, metadata, caller.budget, str(ref or ""))

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
        raw = (request.SerializeToString() async for request in requests)
        async with self.open(name, raw, caller, model) as exchange:
            async for answer in exchange.answers():
                yield self._answer(name).FromString(answer)

    async def _movable(self, name: str, again: Again, caller: Caller, models: tuple[str, str]) -> AsyncGenerator[Any]:
        """A stream that a replica which goes away may hand back: what was wished for, and what is asked for now."""
        upstream, (wish, model) = self._upstream(name), models
        call = self._call(name, caller, model)

        def rerouted() -> bool:
            return self._call(name, caller, wish).version != call.version

        def raw() -> AsyncIterator[bytes]:
            return (request.SerializeToString() async for request in again())

        async with upstream.stream(replace(call, rerouted=rerouted), raw) as exchange:
            async for answer in exchange.answers():
                yield self._answer(name).FromString(answer)

    def _answer(self, stage: str) -> Any:
        return GetMessageClass(self.stages[stage].methods_by_name["Stream"].output_type)

    async def pipeline(
        self, requests: AsyncIterator[PipelineRequest], caller: Caller
    ) -> AsyncGenerator[PipelineResponse]:
        """Several stages in one stream."""
        async with self.admitted("pipeline", caller):
            first = await anext(requests, None)
            if first is None or first.WhichOneof("message") != "config":
                raise ConfigExpected("A stream begins with its config; send that first.")

            def open_stage(name: str, again: Again, model: str) -> AsyncGenerator[Any]:
                return self._movable(name, again, caller, (first.config.models.get(name, ""), model))

            pipeline = Pipeline(first.config, open_stage, self._config.stalls_s, self._config.failover)
            async with aclosing(pipeline.run(requests)) as answers:
                async for answer in answers:
                    yield answer

    async def unary(self, stage: str, path: str, request: bytes, caller: Caller) -> bytes:
        """One method of a stage's service that has one answer."""
        async with self.admitted("models", caller):
            call, upstream = Call(path, telemetry.traceparent(), caller.budget), self._upstream(stage)
            # What changes a stage changes all of its replicas.
            return await (upstream.unary if path.endswith("/List") else upstream.every)(call, request)

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
            {"address": r.address, "health": health, "breaker": r.circuit, "streams": r.streams}
            for r, health in zip(upstream.replicas, await upstream.health(), strict=True)
        ]
        return {"replicas": replicas, "models": await self._models(upstream)}

    async def _models(self, upstream: Upstream) -> list[dict[str, Any]]:
        try:
            listing = Call("/parley.v1.Models/List", {}, Budget.of(2.0))
            answer = await upstream.unary(listing, ModelsListRequest().SerializeToString())
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
