"""One process of a stage: its channel, streams, breakers and health. Must not know the other replicas."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from prometheus_client import Gauge

from gateway import metrics
from gateway.config import BreakerConfig
from gateway.replicas.breaker import Breaker
from parley.budget import Budget
from parley.client import Exchange, dial
from parley.errors import DeadlinePassed, Unavailable
from parley.wire import protocol
from parley.wire.stages import StageContract
from parley.wire.trust import Trust

CHECK = "/grpc.health.v1.Health/Check"
SERVING, NOT_SERVING, UNKNOWN = "SERVING", "NOT_SERVING", "UNKNOWN"
NOT_FOUND = "NOT_FOUND"  # it has never had such a version
STUCK = "DEADLINE_EXCEEDED"  # it is there and does not answer
UNREACHED = "UNAVAILABLE"  # there is no connection
EVERY_S = 0.5  # between two questions for health
HEALTH_TIMEOUT_S = 2.0  # without an answer new streams go elsewhere; after twice as long it hangs, and open ones end
ASLEEP_S = 1.0  # an answer that is so much later than its deadline says that this process did not run
LATE_S, RELIEF_S = 5.0, 1.0  # so long what it said counts; between two streams that move away from it
WORST_FIRST = ("open", "half-open", "closed")
Leaves = Callable[["Replica", str], None]  # told when a replica, or one version of it, takes no new streams
Hangs = Callable[["Replica"], None]  # told as long as it does not answer
Source = Callable[[], AsyncIterator[bytes]]  # a stream's requests, from the start or from where they are needed again


@dataclass(frozen=True)
class Call:
    """One call to a stage, without its requests."""

    stage: str
    path: str
    metadata: dict[str, str]
    budget: Budget
    version: str = ""  # empty: the replica's own default
    rerouted: Callable[[], bool] | None = None  # whether the route leads elsewhere now; None: it cannot be moved
    by: str = ""  # tells its caller from others; faults that only one of them sees open no breaker
    already_tried: list["Replica"] = field(default_factory=list)  # also by the call that this one hedges


class Replica:
    """One address of a stage."""

    def __init__(
        self,
        stage: StageContract,
        address: str,
        breaker: BreakerConfig,
        leaves: Leaves,
        hangs: Hangs,
        trust: Trust,
    ) -> None:
        self.address, self.channel = address, dial(address, trust.tls, near=True)
        self._shown = trust.token.metadata
        self.streams = 0
        self.turns: dict[str, int] = {}  # version -> when it was last chosen
        self.gone = False  # DNS does not name it any more
        self.hangs = False  # it is there, and does not answer
        self.open: dict[Exchange, Call] = {}
        self._late_until = self._relieved_at = -math.inf
        self._service, self._stall_s = stage.service.full_name, stage.longest_stall_s
        self._breaker, self._leaves, self._hangs = breaker, leaves, hangs
        self._breakers: dict[str, Breaker] = {}
        self._health: dict[str, str] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}

    @property
    def is_late(self) -> bool:
        """It reported that within the last LATE_S seconds: other replicas are preferred."""
        return time.monotonic() < self._late_until

    def may_be_relieved(self) -> bool:
        """Notes that it is late; True at most once in RELIEF_S: moving all streams would make another replica late."""
        now = time.monotonic()
        self._late_until = now + LATE_S
        if now - self._relieved_at < RELIEF_S:
            return False
        self._relieved_at = now
        return True

    def breaker(self, version: str) -> Breaker:
        """One breaker per version: a version that fails must not block the others."""
        if version not in self._breakers:
            breaker = Breaker(f"{version or self._service} at {self.address}", self._breaker)
            self._breakers[version] = breaker
            self._gauge(version).set_function(lambda: len(WORST_FIRST) - 1 - WORST_FIRST.index(breaker.state))
        return self._breakers[version]

    def _gauge(self, version: str) -> Gauge:
        return metrics.BREAKERS.labels(self._service, self.address, version)

    @property
    def circuit(self) -> str:
        """The worst state of its breakers."""
        states = {breaker.state for breaker in self._breakers.values()}
        return next((state for state in WORST_FIRST if state in states), "closed")

    @property
    def fault(self) -> str:
        """What was wrong last, in words, with a version whose breaker is not closed."""
        return next((each.fault for each in self._breakers.values() if each.state != "closed" and each.fault), "")

    def health(self, version: str = "") -> str:
        """The last known health status, its own or that of one version."""
        return self._health.get(version, UNKNOWN)

    def serves(self, version: str = "") -> bool:
        """Its last health status says so; a version that was not checked yet is assumed to serve."""
        return self.health() == SERVING and self.health(version) in (SERVING, UNKNOWN)

    def is_leaving(self, version: str = "") -> bool:
        """It takes no new streams, or none for the version."""
        return self.gone or self.hangs or NOT_SERVING in (self.health(), self.health(version))

    def watch(self, version: str = "") -> None:
        """Check its health periodically from now on.

        grpc's own Watch is not used: in its aio server one watcher that leaves makes the others deaf.
        """
        if version not in self._watches:
            self._watches[version] = asyncio.create_task(self._watch(version))

    async def _watch(self, version: str) -> None:
        name = f"{self._service}/{version}" if version else self._service
        while True:
            asked = time.monotonic()
            now = await self._answer(name, version)
            if now == STUCK and time.monotonic() - asked > 2 * HEALTH_TIMEOUT_S + ASLEEP_S:
                continue
            self._heed(version, now)
            if now == NOT_FOUND and version and not self._needs(version):
                self._forget(version)
                return
            await asyncio.sleep(EVERY_S)

    def _heed(self, version: str, now: str) -> None:
        """What follows from how it, or one of its versions, is."""
        before, self._health[version] = self.health(version), now
        self.hangs = now == STUCK or (self.hangs and now == UNREACHED)
        if now == SERVING != before and not version:
            # What its versions could not say while it was away says nothing now.
            self._health = {name: last for name, last in self._health.items() if last not in (STUCK, UNREACHED)}
        self._tell_breakers(version, now, before)
        if now == NOT_SERVING != before:
            self._leaves(self, version)
        if now == STUCK:
            self._hangs(self)
        self._end_stalled()

    def _end_stalled(self) -> None:
        """A stream that is not read, while the replica says that it is well, would wait for ever."""
        for exchange in tuple(self.open):
            if exchange.stalled_s > self._stall_s:
                what = f"{self._service} at {self.address} took nothing of the stream for {self._stall_s:g} s."
                exchange.fail(Unavailable(what, retry_s=0.0))

    async def _answer(self, name: str, version: str) -> str:
        """A slow answer counts: moving streams away from a busy replica costs it and the others more time."""
        asked = asyncio.create_task(self.check(name, 2 * HEALTH_TIMEOUT_S))
        try:
            await asyncio.wait((asked,), timeout=HEALTH_TIMEOUT_S)
            if not asked.done():
                self._health[version] = STUCK
            return await asked
        finally:
            asked.cancel()

    def _needs(self, version: str) -> bool:
        in_use = any(call.version == version for call in self.open.values())
        return in_use or self.breaker(version).state != "closed"

    def _forget(self, version: str) -> None:
        """Frees what is kept for a version: callers can invent any number of names."""
        for known in (self._breakers, self._health, self._watches, self.turns):
            known.pop(version, None)
        with suppress(KeyError):
            metrics.BREAKERS.remove(self._service, self.address, version)

    def _tell_breakers(self, version: str, now: str, before: str) -> None:
        """It is well again, or does not answer: all of it, or one version."""
        for breaker in [breaker for known, breaker in self._breakers.items() if version in ("", known)]:
            if now == SERVING != before:
                breaker.close()
            elif now in (STUCK, UNREACHED):
                breaker.failed(CHECK)

    async def check(self, service: str = "", timeout_s: float = 1.0) -> str:
        """SERVING, NOT_SERVING, or the gRPC status that the check failed with."""
        question = HealthCheckRequest(service=service).SerializeToString()
        try:
            answer: Any = await self.channel.unary_unary(CHECK)(question, timeout=timeout_s)
        except grpc.aio.AioRpcError as failed:
            return str(failed.code().name)
        return str(HealthCheckResponse.ServingStatus.Name(HealthCheckResponse.FromString(answer).status))

    @asynccontextmanager
    async def stream(self, call: Call, again: Source, open_s: float) -> AsyncIterator[Exchange]:
        """Open one stream and wait for its first answer; the breaker counts its errors, also those mid-stream."""
        timeout_s = None if call.budget.endless else call.budget.left
        async with AsyncExitStack() as stack:
            stack.callback(self._count, -1)
            self._count(1)
            attempt = stack.enter_context(self.breaker(call.version).guard(call.by, call.budget))
            exchange = Exchange(self.channel, call.path, again(), self._metadata(call), timeout_s, attempt.worked)
            exchange.other = f"{call.stage} at {self.address}"
            await stack.enter_async_context(exchange)
            self.open[exchange] = call
            stack.callback(self.open.pop, exchange)
            try:
                async with asyncio.timeout(open_s):
                    await exchange.begun()
            except TimeoutError:
                raise DeadlinePassed(f"{self.address} did not answer within {open_s:g} s.") from None
            yield exchange

    def _metadata(self, call: Call) -> dict[str, str]:
        """The call's, and what shows that it is ours."""
        return call.metadata | self._shown

    def _count(self, more: int) -> None:
        self.streams += more

    async def unary(self, call: Call, request: bytes, longest_s: float) -> bytes:
        """Call one method that has one answer, through the breaker."""
        with self.breaker(call.version).guard(call.by, call.budget):
            try:
                calling: Any = self.channel.unary_unary(call.path)
                timeout_s = min(call.budget.left, longest_s)
                answer: bytes = await calling(request, metadata=tuple(self._metadata(call).items()), timeout=timeout_s)
            except grpc.aio.AioRpcError as failed:
                raise protocol.error_of(failed, f"{call.stage} at {self.address}") from None
            return answer

    async def ask(self, path: str, request: bytes, timeout_s: float) -> bytes | None:
        """What an operator wants to know of this replica; None: no answer. No breaker counts it."""
        calling: Any = self.channel.unary_unary(path)
        try:
            answer: bytes = await calling(request, metadata=tuple(self._shown.items()), timeout=timeout_s)
        except grpc.aio.AioRpcError:
            return None
        return answer

    async def close(self) -> None:
        """Stop the health checks and close the channel."""
        for watch in self._watches.values():
            watch.cancel()
        await asyncio.gather(*self._watches.values(), return_exceptions=True)
        await self.channel.close()
        for version in list(self._breakers):
            self._forget(version)
