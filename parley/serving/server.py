"""serve(stage): one service as a process: port, health, reflection, models, drain. Must not know what a stage does."""

import argparse
import asyncio
import gc
import logging
import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import uvloop
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from parley import config, machine, telemetry, traces
from parley.engines.model import ModelRef, ModelSpec, locate
from parley.engines.surroundings import Surroundings
from parley.errors import BadConfig, BadInput, ModelNotReady, ParleyError, UnknownModel
from parley.serving import provenance
from parley.serving.commanded import CommandedFile
from parley.serving.memory_budget import MemoryBudget
from parley.serving.models_service import Answer, ModelsAdmin
from parley.serving.registry import Registry
from parley.serving.stage import ServiceConfig, Stage
from parley.serving.streams import ServiceStreams
from parley.serving.trial import tried
from parley.v1.traces_pb2 import TracesGetRequest, TracesGetResponse, TraceSpan
from parley.wire import expiry, protocol, rules, trust

log = logging.getLogger(__name__)
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
SERVES = ("ACTIVE", "ASLEEP")  # one that sleeps is woken by who asks for it
REPORT_S = 0.5  # between two reports of whether there is room for one more stream
LAST_WORDS_S = 0.5  # for statuses that are on their way
Context = Any  # grpc.aio's types are generic in what we move as bytes


def main(stage: Stage) -> None:
    """`python -m services.<stage> --config FILE`."""
    parser = argparse.ArgumentParser(description=f"Parley's {stage.name} service.")
    parser.add_argument("--config", type=Path, default=Path(f"deploy/config/{stage.name}.toml"))
    path = parser.parse_args().config
    try:
        settings = config.load(stage.config, path)
        trust.check_listen(settings.listen, settings.token, settings.tls)
        machine.raise_file_limit()
        secrets = [settings.token, *(server.api_key for server in settings.servers.values())]
        telemetry.set_up(stage.name, settings.telemetry, secrets)
        uvloop.run(serve(stage, settings))
    except BadConfig as error:
        sys.exit(f"{stage.name}: {error}")


async def serve(stage: Stage, settings: ServiceConfig) -> None:
    """Run until SIGTERM or SIGINT, then drain."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    telemetry.watch_tasks()
    expiry.note({"tls.cert": settings.tls.cert, "tls.client_ca": settings.tls.client_ca})
    service = Service(stage, settings)
    try:
        await service.start()
        await stop.wait()
    finally:
        await service.stop()


class Service:
    """One stage on one port."""

    def __init__(self, stage: Stage, settings: ServiceConfig, report_s: float = REPORT_S) -> None:
        self._stage, self._settings, self._report_s = stage, settings, report_s
        trial = partial(tried, stage.open_engine, within_s=settings.load_s)
        memory = MemoryBudget(settings.memory, settings.models)
        self._registry = Registry(stage.open_engine, settings.batch, trial, memory)
        self._commanded = CommandedFile(settings.commanded_file)
        self._health = health.aio.HealthServicer()
        guards = [protocol.Guard(trust.SharedSecret(settings.token).check)] if settings.token else []
        self._server = grpc.aio.server(options=protocol.SERVER_OPTIONS, interceptors=guards)
        self._streams = ServiceStreams(stage, settings, self._registry)
        self._reporting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen first, so that "loading" can be seen; then load; then say SERVING."""
        name = self._stage.service.full_name
        admin = ModelsAdmin(
            self._stage, self._located, self._registry, self._report_health, self._commanded, self._settings.models
        )
        stream: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(self._streams.handle)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Stream": stream}),))
        methods = {method: self._unary(*parts) for method, parts in admin.methods().items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("parley.v1.Models", methods),))
        kept = {"Get": self._unary(_trace, TracesGetRequest)}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("parley.v1.Traces", kept),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (name, "parley.v1.Models", "parley.v1.Traces", health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        protocol.listen(self._server, self._settings.listen, self._settings.tls)
        await self._report_health()  # unasked, the health service calls a server healthy that has nothing yet
        await self._server.start()
        await self._load()
        await self._report_health()
        await self._load_again()
        await self._report_health()
        self._reporting = asyncio.create_task(self._keep_reporting())
        gc.collect()
        gc.freeze()
        log.info("serving", extra={"listen": self._settings.listen, "models": list(self._settings.models)})

    def _unary(self, answer: Answer, kind: type[Message]) -> "grpc.RpcMethodHandler[Any, Any]":
        async def handle(data: bytes, context: Context) -> Any:
            try:
                request = protocol.parse(kind, data)
                rules.check(request)
                return (await answer(request)).SerializeToString()
            except Exception as error:
                code, message, trailers = protocol.status_of(protocol.public(error, self._stage.name))
                return await context.abort(code, message, trailers)

        return grpc.unary_unary_rpc_method_handler(handle)

    async def _load(self) -> None:
        """The default has to be there; another version that is bad must not take those that are good."""
        for text in self._settings.models:
            try:
                await self._registry.load(self._located(ModelRef.of(text)))
            except (BadInput, UnknownModel) as error:
                raise BadConfig(f"`models`: {error}") from None
            except BadConfig as error:
                if self._registry.default is None:
                    raise
                log.error("model not loaded", extra={"model": text, "why": str(error)})
        if default := self._commanded.read().default:
            await self._try_again(default, make_default=True)

    async def _load_again(self) -> None:
        """What was loaded by command. Those that serve already need not wait for it."""
        for ref in self._commanded.read().models:
            await self._try_again(ref)

    async def _try_again(self, ref: ModelRef, *, make_default: bool = False) -> None:
        """It may be gone, which is no reason not to start."""
        try:
            await self._registry.load(self._located(ref), make_default=make_default)
        except ModelNotReady:
            log.info("model is being loaded already", extra={"model": str(ref)})  # by command, meanwhile
        except ParleyError as error:
            log.error("model not loaded again", extra={"model": str(ref), "why": str(error)})

    def _located(self, ref: ModelRef) -> ModelSpec:
        """A version of this stage, which the policy allows, and what is around it."""
        spec = locate(self._settings.models_root, self._stage.name, ref)
        provenance.check(spec, self._settings.trust)
        return replace(spec, around=Surroundings(self._settings.models_root, self._settings.servers))

    async def _report_health(self) -> None:
        """Sets the health status of the service and of each model version."""
        name = self._stage.service.full_name
        able = SERVING if self._registry.default and not self._streams.draining else NOT_SERVING
        for service in ("", name):
            await self._health.set(service, able)
        await self._report_room(name)
        # One that is being loaded is not known yet: NOT_SERVING is said of those that go, and nobody loads those again.
        for model in (each for each in self._registry.models if each.state.name != "LOADING"):
            serving = not self._streams.draining and model.state.name in SERVES
            await self._health.set(f"{name}/{model.spec.ref}", SERVING if serving else NOT_SERVING)

    async def _keep_reporting(self) -> None:
        """Reports room again and again: it comes and goes with the streams, without an event."""
        while True:
            await asyncio.sleep(self._report_s)
            await self._report_room(self._stage.service.full_name)

    async def _report_room(self, name: str) -> None:
        """Sets the health status of `<service>.room`: whether one more stream would be admitted."""
        for model in self._registry.models:
            takes = model.state.name in SERVES and not self._streams.draining
            room = SERVING if takes and (model.load is None or model.load.has_room) else NOT_SERVING
            await self._health.set(f"{name}/{model.spec.ref}{protocol.ROOM}", room)
            if model.spec.ref == self._registry.default:
                await self._health.set(f"{name}{protocol.ROOM}", room)

    async def stop(self) -> None:
        """Say NOT_SERVING, let streams finish within the grace, go.

        The port stays open meanwhile: who asks is told, and who watches health does not hold us.
        """
        self._streams.draining = True
        if self._reporting:
            self._reporting.cancel()
        await self._report_health()
        log.info("draining", extra={"streams": self._streams.open})
        await self._streams.gone(self._settings.drain_s)
        await self._server.stop(LAST_WORDS_S)
        await self._registry.close()


async def _trace(request: TracesGetRequest) -> TracesGetResponse:
    """What this process has kept of a trace."""
    return TracesGetResponse(spans=[TraceSpan(**vars(span)) for span in traces.KEPT.of(request.trace_id)])
