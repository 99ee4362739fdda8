"""Replicas of a stage in this process: real gRPC, scripted answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from gateway.config import BreakerConfig, CallConfig
from gateway.replicas.pool import Upstream
from gateway.replicas.replica import Call
from parley.budget import Budget
from parley.wire import protocol
from parley.wire.stages import STAGES
from tests.waiting import never, until

SERVICE = "parley.v1.Asr"
PATH, ONE = f"/{SERVICE}/Stream", "/parley.v1.Models/List"
QUICK = CallConfig(pause_s=0.01, open_s=1.0)
Script = Callable[["FakeReplica", Any], Awaitable[None]]


class Health(health.aio.HealthServicer):  # type: ignore[misc]
    """Answers, some time."""

    late_s = 0.0

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        await asyncio.sleep(self.late_s)  # so late is it
        return await super().Check(request, context)


class FakeReplica:
    """Says its name first, then every request; or what its script does."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.address = name, f"unix:{folder}/{name}.sock"
        self.calls: list[list[bytes]] = []
        self.script: Script = echo
        self.unary_s = 0.0
        self._health = Health()
        self._server = grpc.aio.server(options=protocol.SERVER_OPTIONS)

    async def start(self) -> None:
        stream: Any = grpc.stream_stream_rpc_method_handler(self._stream)
        unary: Any = grpc.unary_unary_rpc_method_handler(self._unary)
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(SERVICE, {"Stream": stream}),
                grpc.method_handlers_generic_handler("parley.v1.Models", {"List": unary}),
            )
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        await self.serves(True)
        self._server.add_insecure_port(self.address)
        await self._server.start()

    async def serves(self, able: bool, version: str = "") -> None:
        status = health_pb2.HealthCheckResponse
        for name in (f"{SERVICE}/{version}",) if version else (SERVICE, ""):
            await self._health.set(name, status.SERVING if able else status.NOT_SERVING)

    def freeze(self, seconds: float = 30.0) -> None:
        """It is there, and does not say how it is, or only so late."""
        self._health.late_s = seconds

    async def _stream(self, _: object, context: Any) -> None:
        self.calls.append([])
        try:
            await self.script(self, context)
        except Exception as error:
            code, message, trailers = protocol.status_of(protocol.public(error, self.name))
            await context.abort(code, message, trailers)

    async def _unary(self, request: bytes, context: Any) -> bytes:
        self.calls.append([request])
        await asyncio.sleep(self.unary_s)  # so slow is it
        return self.name.encode()

    async def stop(self) -> None:
        await self._server.stop(None)


async def echo(replica: FakeReplica, context: Any) -> None:
    await context.write(replica.name.encode())
    while (request := await context.read()) is not grpc.aio.EOF:
        replica.calls[-1].append(request)
        await context.write(request)


def failing(error: Exception, after: int = 0) -> Script:
    """Reads so many requests, answers nothing, fails."""

    async def script(replica: FakeReplica, context: Any) -> None:
        for _ in range(after):
            await context.read()
        raise error

    return script


@asynccontextmanager
async def replicas(folder: Path, *names: str) -> AsyncIterator[list[FakeReplica]]:
    """So many, serving."""
    made = [FakeReplica(name, folder) for name in names]
    await asyncio.gather(*(each.start() for each in made))
    try:
        yield made
    finally:
        await asyncio.gather(*(each.stop() for each in made))


@asynccontextmanager
async def upstream(made: list[FakeReplica], calls: CallConfig = QUICK, **breaker: Any) -> AsyncIterator[Upstream]:
    """The upstream of these, once it has heard of their health."""
    here = Upstream(STAGES["asr"], [each.address for each in made], BreakerConfig(**breaker), calls)
    await here.start()
    try:
        await until(lambda: all(replica.health() != "UNKNOWN" for replica in here.replicas))
        yield here
    finally:
        await here.close()


def call(path: str = PATH, **more: Any) -> Call:
    return Call("asr", path, {}, Budget.of(60.0), **more)


async def said(upstream: Upstream, *requests: bytes, asked: Call | None = None) -> list[bytes]:
    """A whole stream."""

    async def each() -> AsyncIterator[bytes]:
        for request in requests:
            yield request

    async with upstream.stream(asked or call(), each) as exchange:
        return [answer async for answer in exchange.answers()]


async def waiting() -> AsyncIterator[bytes]:
    """A config, and nothing more."""
    yield b"config"
    await never()
