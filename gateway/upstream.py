"""One stage's replicas: their channels, breakers and load. Must not know what a message says."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from gateway.breaker import Breaker, BreakerConfig
from parley import wire
from parley.budget import Budget
from parley.client import Exchange, dial
from parley.errors import CircuitOpen

CHECK = "/grpc.health.v1.Health/Check"


class Replica:
    """One address."""

    def __init__(self, stage: str, address: str, config: BreakerConfig) -> None:
        self.address = address
        self.channel = dial(address)
        self.breaker = Breaker(f"{stage} at {address}", config)
        self.streams = 0

    async def health(self, timeout_s: float = 1.0) -> str:
        """SERVING, NOT_SERVING, or the status that the question got."""
        try:
            answer: Any = await self.channel.unary_unary(CHECK)(
                HealthCheckRequest().SerializeToString(), timeout=timeout_s
            )
        except grpc.aio.AioRpcError as failed:
            return str(failed.code().name)
        status = HealthCheckResponse.FromString(answer).status
        return str(HealthCheckResponse.ServingStatus.Name(status))


class Upstream:
    """A stage: the least loaded of its replicas that work takes the next stream."""

    def __init__(self, stage: str, addresses: Sequence[str], config: BreakerConfig) -> None:
        self.stage = stage
        self.replicas = [Replica(stage, address, config) for address in addresses]

    async def health(self) -> list[str]:
        """What each replica says of itself."""
        return await asyncio.gather(*(replica.health() for replica in self.replicas))

    async def serves(self) -> bool:
        """Some replica does."""
        return "SERVING" in await self.health()

    def _choose(self) -> Replica:
        able = [replica for replica in self.replicas if replica.breaker.admits()]
        if not able:
            raise CircuitOpen(f"No replica of {self.stage} works just now; come back in a moment.", retry_s=1.0)
        return min(able, key=lambda replica: replica.streams)

    @asynccontextmanager
    async def stream(
        self, path: str, requests: AsyncIterable[bytes], metadata: Mapping[str, str], budget: Budget
    ) -> AsyncIterator[Exchange]:
        """Open one stream; its errors, also those in the middle, teach the breaker."""
        replica = self._choose()
        timeout_s = None if budget.endless else budget.left
        replica.streams += 1
        try:
            with replica.breaker.guard() as attempt:
                exchange = Exchange(replica.channel, path, requests, metadata, timeout_s, attempt.worked)
                async with exchange:
                    yield exchange
        finally:
            replica.streams -= 1

    async def unary(self, path: str, request: bytes, metadata: Mapping[str, str], budget: Budget) -> bytes:
        """Call one method that has one answer."""
        with (replica := self._choose()).breaker.guard():
            try:
                call: Any = replica.channel.unary_unary(path)
                answer: bytes = await call(request, metadata=tuple(metadata.items()), timeout=min(budget.left, 60.0))
            except grpc.aio.AioRpcError as failed:
                raise wire.error_of(failed) from None
            return answer

    async def close(self) -> None:
        """Hang up."""
        for replica in self.replicas:
            await replica.channel.close()
