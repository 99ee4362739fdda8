"""Parley's gRPC API: Pipeline, and each stage's own service as bytes. No decisions here."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, cast

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from gateway.access.upload_memory import UploadMemory
from gateway.apis import background, calls
from gateway.apis.background import BackgroundJobs
from gateway.apis.calls import Context
from gateway.apis.kept_voices import KeptVoices
from gateway.apis.riva import server
from gateway.config import GatewayConfig, Limits
from gateway.core import Core
from gateway.jobs import Jobs
from gateway.sessions.sessions import Sessions
from parley.errors import BadInput
from parley.v1.models_pb2 import ModelsLoadRequest
from parley.v1.pipeline_pb2 import PipelineRequest
from parley.wire import protocol
from parley.wire.around import Around
from parley.wire.protocol import SERVER_OPTIONS, listen
from parley.wire.stages import STAGES

Handler = Callable[[Context], Awaitable[None]]


class ParleyMethods(grpc.GenericRpcHandler):
    """Every method of parley.v1."""

    def __init__(self, core: Core, limits: Limits, jobs: Jobs, memory: UploadMemory, sessions: Sessions) -> None:
        self._core, self._limits, self._sessions = core, limits, sessions
        paths = {f"/{service.full_name}/Stream": name for name, service in core.stages.items()}
        self._streams: dict[str, Handler] = {path: partial(self._pass, name) for path, name in paths.items()}
        self._streams["/parley.v1.Pipeline/Stream"] = self._pipeline
        self._streams |= BackgroundJobs(jobs, limits, memory).handlers()
        self._voices = KeptVoices(core).handlers()

    def service(self, details: Any) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """The handler of a method path; None: not one of parley.v1."""
        if details.method in self._streams:
            answer = self._streams[details.method]

            async def stream(_: object, context: Context) -> None:
                await calls.or_status(answer(context), context)

            return grpc.stream_stream_rpc_method_handler(stream)
        if details.method.startswith("/parley.v1.Models/"):
            return grpc.unary_unary_rpc_method_handler(partial(self._models, details.method))
        if details.method in self._voices:
            return grpc.unary_unary_rpc_method_handler(self._voices[details.method])
        return None

    async def _pass(self, stage: str, context: Context) -> None:
        """Bytes in, bytes out; what they mean is the service's affair."""
        caller, limits = calls.caller(context), self._limits
        within_s = limits.text_s if STAGES[stage].is_rewriter else limits.sound_s
        requests = calls.all_of(context, limits, within_s, read=bytes)
        async with (
            self._core.admitted(stage, caller),
            self._core.open(stage, requests, caller) as exchange,
        ):
            async for answer in exchange.answers():
                await context.write(answer)
            context.set_trailing_metadata(tuple((await exchange.trailers()).items()))

    async def _pipeline(self, context: Context) -> None:
        requests = calls.all_of(context, self._limits, self._limits.sound_s, read=_parse)
        async with aclosing(await self._sessions.open(requests, calls.caller(context))) as answers:
            async for answer in answers:
                await context.write(answer.SerializeToString())

    async def _models(self, path: str, request: bytes, context: Context) -> Any:
        caller = calls.caller(context)

        async def answer() -> bytes:
            stage = caller.metadata.get(protocol.STAGE)
            if not stage:
                raise BadInput(f"Say in the metadata {protocol.STAGE} which stage's models are meant.")
            told = await self._core.unary(stage, path, request, caller)
            if path.endswith("/Load") and (load := ModelsLoadRequest.FromString(request)).make_default:
                by = self._core.keys.of(caller.metadata).name or "anybody"
                await self._core.board.make_default(stage, load.model, by)
            return told

        return await calls.or_status(answer(), context)


def _parse(data: bytes) -> PipelineRequest:
    return cast(PipelineRequest, protocol.parse(PipelineRequest, data))


class RpcServer:
    """The gRPC port."""

    def __init__(self, core: Core, config: GatewayConfig, jobs: Jobs, memory: UploadMemory, sessions: Sessions) -> None:
        guards: list[grpc.aio.ServerInterceptor] = [protocol.Guard(core.keys.guard)] if config.keys_file else []
        around = [Around(partial(calls.audited, core))] if core.audit.on else []
        self._server = grpc.aio.server(options=SERVER_OPTIONS, interceptors=[*around, *guards])
        ours = ParleyMethods(core, config.limits, jobs, memory, sessions)
        self._server.add_generic_rpc_handlers((ours, server.RivaMethods(core, config)))
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = ["parley.v1.Pipeline", "parley.v1.Models", "parley.v1.Voices", background.SERVICE]
        names += [*(service.full_name for service in core.stages.values()), *server.SERVICES]
        reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        listen(self._server, config.grpc, config.tls)
        if config.local:
            listen(self._server, config.local)

    async def start(self) -> None:
        """Serves calls from now on."""
        await self._server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace_s: float) -> None:
        """Take no new calls, let the open ones finish within the grace."""
        await self._health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._server.stop(grace_s)
