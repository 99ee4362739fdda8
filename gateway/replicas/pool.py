"""One stage's replicas: resolving them, choosing one for each call, retrying. Must not know gRPC or messages."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from itertools import count
from typing import Any

from gateway.config import BreakerConfig, CallConfig
from gateway.replicas.breaker import Breaker
from gateway.replicas.dns import addresses, is_name
from gateway.replicas.hedge import hedged
from gateway.replicas.replica import NOT_FOUND, NOT_SERVING, SERVING, Call, Replica, Source
from gateway.replicas.retry import Allowance, Then, When, pause_s, rule
from parley.client import Exchange
from parley.errors import CircuitOpen, Draining, ParleyError, Unavailable
from parley.wire import protocol
from parley.wire.stages import StageContract
from parley.wire.trust import Trust

log = logging.getLogger(__name__)
HAS = {SERVING, NOT_SERVING}  # what a replica says of a version that it has, or had
NO_TRUST = Trust()
PROBE_WAIT_S = 1.0  # the longest that a call waits to hear whether somebody else's gets through


class Upstream:
    """A stage's replicas; the least loaded of the healthy ones takes the next stream."""

    def __init__(
        self,
        contract: StageContract,
        named: Sequence[str],
        breaker: BreakerConfig,
        calls: CallConfig,
        trust: Trust = NO_TRUST,
    ) -> None:
        self.stage, self._contract, self._service = contract.name, contract, contract.service.full_name
        self._named, self._breaker, self._calls, self._trust = named, breaker, calls, trust
        self._allowance = Allowance(calls)
        self._replicas: dict[str, Replica] = {}
        self._turns = count(1)
        self._naming: asyncio.Task[None] | None = None

    @property
    def load_s(self) -> float:
        """The longest that a replica may take to load a version."""
        return self._calls.load_s

    @property
    def replicas(self) -> list[Replica]:
        """Those that DNS names now."""
        return [replica for replica in self._replicas.values() if not replica.gone]

    async def start(self) -> None:
        """Resolve the replicas; go on resolving if any is given by name."""
        await self._name()
        if any(map(is_name, self._named)):
            self._naming = asyncio.create_task(self._keep_naming())

    async def _keep_naming(self) -> None:
        while True:
            await asyncio.sleep(self._calls.resolve_s)
            await self._name()

    async def _name(self) -> None:
        """Adds new replicas, closes gone ones once their streams have ended. If DNS fails, nothing changes."""
        found = await asyncio.gather(*map(addresses, self._named))
        if not all(found) and self._replicas:
            return
        now = [address for each in found for address in each]
        for address in now:
            if address not in self._replicas:
                self._replicas[address] = Replica(
                    self._contract, address, self._breaker, self._leave, self._break_off, self._trust
                )
                self._replicas[address].watch()
        for address, replica in tuple(self._replicas.items()):
            replica.gone = address not in now
            if replica.gone and not replica.streams:
                await self._replicas.pop(address).close()

    def _leave(self, leaving: Replica, version: str) -> None:
        """Ends the movable streams of a leaving replica with DRAINING, where another replica can take them."""
        log.info("replica leaves", extra={"stage": self.stage, "address": leaving.address, "version": version})
        for exchange, call in tuple(leaving.open.items()):
            if call.rerouted is None or version not in ("", call.version):
                continue
            if self._has_other(leaving, call.version) or (version and call.rerouted()):
                exchange.fail(Draining(f"A replica of {self.stage} goes away.", retry_s=0.0))

    def _break_off(self, hung: Replica) -> None:
        """Ends every stream of a replica that does not answer; who can sends it to another one."""
        if hung.open:
            log.warning("replica hangs", extra={"stage": self.stage, "address": hung.address, "streams": hung.streams})
        for exchange in tuple(hung.open):
            exchange.fail(Unavailable(f"{self.stage} at {hung.address} does not answer; try again.", retry_s=0.0))

    def _has_other(self, than: Replica, version: str) -> bool:
        return any(
            replica is not than and replica.health() == SERVING and not replica.is_leaving(version)
            for replica in self.replicas
        )

    async def relieve(self, exchange: Exchange) -> None:
        """A replica reports that it is late: one of its movable streams at a time moves to a replica that is not."""
        here = next((replica for replica in self.replicas if exchange in replica.open), None)
        if here is None or not here.may_be_relieved():
            return
        call = here.open[exchange]
        if call.rerouted is not None and await self._have_room(here, call.version):
            log.info("stream moves", extra={"stage": self.stage, "from": here.address})
            exchange.fail(Draining(f"A replica of {self.stage} is late, and another one has room.", retry_s=0.0))

    async def _have_room(self, than: Replica, version: str) -> bool:
        others = [r for r in self.replicas if r is not than and r.serves(version) and not r.is_leaving(version)]
        name = f"{self._service}/{version}{protocol.ROOM}" if version else f"{self._service}{protocol.ROOM}"
        return SERVING in await asyncio.gather(*(replica.check(name) for replica in others))

    async def health(self, version: str = "") -> list[str]:
        """Each replica's health status, or that of one version."""
        service = f"{self._service}/{version}" if version else ""
        return await asyncio.gather(*(replica.check(service) for replica in self.replicas))

    async def has(self, version: str) -> bool:
        """Whether a replica has this version, or had; nothing is kept of one that callers made up."""
        if HAS & {replica.health(version) for replica in self.replicas}:
            return True
        found = set(await self.health(version))
        if not HAS & found and found != {NOT_FOUND}:
            raise Unavailable(f"No replica of {self.stage} that answers has {version}; come back.", retry_s=1.0)
        return found != {NOT_FOUND}

    async def serves(self, version: str = "") -> bool:
        """Whether some replica is healthy now and is also offered calls: the last known health may be older."""
        states = zip(self.replicas, await self.health(version), strict=True)
        return any(health == SERVING and not replica.is_leaving(version) for replica, health in states)

    async def _choose(self, call: Call, tried: Sequence[Replica]) -> Replica:
        """A replica for the call; where nothing but a probe stands in its way, the end of that is waited for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(min(PROBE_WAIT_S, call.budget.left)):
                while probed := self._probed(call):
                    await probed.settled()
        return self._chosen(call, tried)

    def _probed(self, call: Call) -> Breaker | None:
        """The breaker whose probe decides whether somebody can take the call; None: that is decided."""
        breakers = [replica.breaker(call.version) for replica in self._staying(call.version)]
        if any(breaker.admits(call.by) for breaker in breakers):
            return None
        return next((breaker for breaker in breakers if breaker.is_probing), None)

    def _staying(self, version: str) -> list[Replica]:
        return [replica for replica in self.replicas if not replica.is_leaving(version)]

    def _chosen(self, call: Call, tried: Sequence[Replica]) -> Replica:
        """Of those whose breaker admits a call: not yet tried, serving, not late, fewest streams, longest unused."""
        version, tried = call.version, (*call.already_tried, *tried)
        here = self._staying(version)
        able = [replica for replica in here if replica.breaker(version).admits(call.by)]
        if not here:
            what = f"{self.stage} {version}".strip()
            raise Unavailable(f"No replica serves {what} just now; come back.", retry_s=1.0)
        if not able:
            raise CircuitOpen(f"No replica of {self.stage} works just now; come back in a moment.", retry_s=1.0)
        chosen = min(
            able, key=lambda r: (r in tried, not r.serves(version), r.is_late, r.streams, r.turns.get(version, 0))
        )
        chosen.turns[version] = next(self._turns)
        call.already_tried.append(chosen)
        for replica in here:
            replica.watch(version)
        return chosen

    @asynccontextmanager
    async def stream(self, call: Call, requests: Source) -> AsyncIterator[Exchange]:
        """Open one stream; until its first answer it is retried."""
        async with AsyncExitStack() as stack:
            yield await self._open(stack, call, requests)

    async def _open(self, stack: AsyncExitStack, call: Call, requests: Source) -> Exchange:
        tried: list[Replica] = []
        self._allowance.earn()
        while True:
            replica = await self._choose(call, tried)
            try:
                return await stack.enter_async_context(replica.stream(call, requests, self._calls.open_s))
            except ParleyError as error:
                tried.append(replica)
                if not await self._may_retry(When.OPENING, error, tried, call):
                    raise

    async def _may_retry(self, when: When, error: ParleyError, tried: Sequence[Replica], call: Call) -> bool:
        """Whether table, attempts, deadline and allowance permit one more try; pauses first where that is due."""
        fresh = any(replica not in tried for replica in self._staying(call.version))
        if len(tried) >= self._calls.attempts or call.budget.spent:
            return False
        step = Then.OTHER_REPLICA if fresh else Then.SAME_REPLICA
        if step not in rule(when, error).then or not self._allowance.spend():
            return False
        if not fresh:
            await asyncio.sleep(min(pause_s(self._calls.pause_s, len(tried) - 1), call.budget.left))
        return True

    async def unary(self, call: Call, request: bytes) -> bytes:
        """Call one idempotent method that has one answer; hedged and retried."""

        def ask(already_tried: list[Replica]) -> Coroutine[Any, Any, bytes]:
            return self._unary(replace(call, already_tried=already_tried), request)

        return await hedged(ask, self._calls.hedge_s)

    async def _unary(self, call: Call, request: bytes) -> bytes:
        tried: list[Replica] = []
        self._allowance.earn()
        while True:
            replica = await self._choose(call, tried)
            try:
                return await replica.unary(call, request, self._calls.unary_s)
            except ParleyError as error:
                tried.append(replica)
                if not await self._may_retry(When.UNARY, error, tried, call):
                    raise

    async def every(self, call: Call, request: bytes) -> bytes:
        """Call one method of every replica; fails if one of them fails, else returns the first one's answer."""
        if not self.replicas:
            raise Unavailable(f"No replica of {self.stage} is known just now; come back.", retry_s=1.0)
        calls = (replica.unary(call, request, self._calls.load_s) for replica in self.replicas)
        return (await asyncio.gather(*calls))[0]

    async def close(self) -> None:
        """Close every connection."""
        if self._naming:
            self._naming.cancel()
            await asyncio.gather(self._naming, return_exceptions=True)
        await asyncio.gather(*(replica.close() for replica in self._replicas.values()))
