"""Opens streams: picks the version, falls back to another, copies to shadows, reports how they end.

Must not know an API, nor what a message says.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from opentelemetry import trace

from gateway import metrics
from gateway.access import entry
from gateway.access.features import Features
from gateway.caller import Caller, Wish
from gateway.config import GatewayConfig
from gateway.replicas.pool import Upstream
from gateway.replicas.replica import Call, Replica, Source
from gateway.replicas.retry import Then, When, rule
from gateway.routing import names
from gateway.routing.book import RouteBook
from gateway.routing.keeper import Keeper
from gateway.routing.notable import notable
from gateway.routing.outcome import Outcome
from gateway.routing.overheard import Answers, Overheard
from gateway.routing.route import Asker, Tables, read
from gateway.routing.router import Choice
from gateway.routing.shadow import Beside, Compared, Shadow
from parley import telemetry
from parley.budget import Budget
from parley.client import Exchange
from parley.engines.model import ModelRef
from parley.errors import BadConfig, BadInput, NotFound, ParleyError, Unavailable, UnknownModel
from parley.nearest import advice
from parley.wire import protocol
from parley.wire.keys import BATCH
from parley.wire.stages import STAGES
from parley.wire.trust import SharedSecret, Trust

log = logging.getLogger(__name__)
MOST_OUTCOMES = 1024
SHADOW = "shadow"  # who pays for what no caller has asked for
RELOAD_S = 2.0  # when who is told that a version is loaded again may come back


class Switchboard:
    """Every stage's replicas and the routes to them."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config, self.features = config, Features(config.features)
        self.upstreams = {name: self._to(name, named) for name, named in config.upstreams.items()}
        self.book = RouteBook(config.routes, Path(config.routes_file) if config.routes_file else None)
        self._shadows: list[Shadow] = []
        self.outcomes: deque[Outcome] = deque(maxlen=MOST_OUTCOMES)  # of streams that have ended, until they are taken
        self.comparisons: deque[Compared] = deque(maxlen=MOST_OUTCOMES)
        self.keeper = Keeper(self.upstreams, self.book)

    def _to(self, stage: str, named: Sequence[str]) -> Upstream:
        if stage not in STAGES:
            raise BadConfig(f"`upstreams` names the stage {stage!r}; {advice(stage, STAGES, 'there are {}.')}")
        config = self._config
        trust = Trust(SharedSecret(config.token), config.upstream_tls)
        return Upstream(STAGES[stage], named, config.breaker, config.calls, trust)

    @property
    def stages(self) -> dict[str, ServiceDescriptor]:
        """The stages that have an upstream, by name."""
        return {name: STAGES[name].service for name in self.upstreams}

    def upstream(self, stage: str) -> Upstream:
        """A stage's replicas."""
        if stage not in self.upstreams:
            raise NotFound(f"There is no stage {stage!r} here; there are {', '.join(self.upstreams)}.")
        return self.upstreams[stage]

    def named(self, stage: str, name: str) -> str:
        """What a foreign client's name for a model means; empty: the default."""
        router, aliases = self.book.router, self._config.aliases.get(stage, {})
        meant = names.ours(stage, name, aliases, router.routes, router.versions(stage))
        if meant != name:
            meaning = {"stage": stage, "asked": name, "meant": meant or "the default"}
            log.info("a foreign name for a model", extra=meaning)
        return meant

    def answer(self, stage: str) -> Any:
        """The message class of a stage's answers."""
        self.upstream(stage)
        return STAGES[stage].answer

    async def able(self, stage: str) -> bool:
        """Whether some replica serves, and some version that the stage's default leads to."""
        upstream, versions = self.upstream(stage), self.book.router.options(f"{stage}/default")
        if not await upstream.serves():
            return False
        return not versions or any(await asyncio.gather(*map(upstream.serves, versions)))

    async def reroute(self, changes: Mapping[str, Any], by: str, why: str = "") -> None:
        """Change routes while they are used; refuses a version that no replica serves."""
        for alias, version in await self.unserved(self.book.changed(changes)):
            if alias in changes:
                stage = alias.partition("/")[0]
                how = f"`parley models load {stage} {version}` loads it"
                raise BadInput(f"{alias} would lead to {version}, which no replica serves; {how}.")
        self.book.change(changes, by, why)

    async def make_default(self, stage: str, version: str, by: str) -> None:
        """All streams that ask for no model; who has a route for them has asked the gateway, not the service."""
        alias = f"{stage}/default"
        if (route := self.book.tables.get(alias)) is not None:
            rest = route if "versions" in route else {}
            await self.reroute({alias: {**rest, "versions": {version: 100}}}, by, "loaded as the default")

    async def unserved(self, tables: Tables) -> list[tuple[str, str]]:
        """Pairs of an alias and a version that it leads to but no replica serves."""
        found = [
            (alias, str(ref), self.upstreams[stage].serves(str(ref)))
            for alias, route in read(tables).items()
            for ref, share in route.shares.items()
            if share and (stage := alias.partition("/")[0]) in self.upstreams
        ]
        served = await asyncio.gather(*(asked for _, _, asked in found))
        return [(alias, version) for (alias, version, _), is_served in zip(found, served, strict=True) if not is_served]

    async def start(self) -> None:
        """Resolve the replicas, watch the routes file, and keep loaded what the routes name."""
        self.book.start()
        for upstream in self.upstreams.values():
            await upstream.start()
        self.keeper.start()

    @asynccontextmanager
    async def stream(
        self,
        wish: Wish,
        caller: Caller,
        requests: Source,
        *,
        movable: bool = False,
        already_tried: list[Replica] | None = None,
    ) -> AsyncIterator[Answers]:
        """Open one stream; a movable one is ended with DRAINING when its replica or version goes away.

        Replicas that are `already_tried` are called again only where there is no other.
        """
        choice = self._choice(wish, caller, wish.model)
        if choice.ref and not choice.alias:
            await self._require(wish.stage, str(choice.ref))
        shadows = [] if wish.is_again else self._shadowed(wish, caller, choice)
        for shadow in shadows:
            requests = shadow.hears(requests)
        try:
            async with AsyncExitStack() as stack:
                calls = self._calls(wish, caller, choice, movable)
                calls = (
                    calls if already_tried is None else [replace(call, already_tried=already_tried) for call in calls]
                )
                exchange = await self._open(stack, calls, requests, choice)
                yield Overheard(exchange, shadows) if shadows else exchange
        finally:
            for shadow in shadows:
                shadow.settle()

    async def _require(self, stage: str, version: str) -> None:
        """Refuse a version that is neither in a route nor on a replica before anything is kept for it."""
        known = self.book.router.versions(stage)
        if version not in known and not await self.upstream(stage).has(version):
            raise UnknownModel(names.refusal(stage, version, [*self.book.router.routes, *known]))

    async def relieve(self, stage: str, exchange: Answers) -> None:
        """The replica of this stream is late: if another one is not, end the stream with DRAINING so that it moves."""
        inner = exchange.inner if isinstance(exchange, Overheard) else exchange
        if isinstance(inner, Exchange):
            await self.upstream(stage).relieve(inner)

    def versions(self, caller: Caller) -> tuple[str, ...]:
        """The version that each alias gives this caller; empty where a stage has no default alias."""
        if any(f"{stage}/default" not in self.book.tables for stage in self.upstreams):
            return ()
        wishes = (Wish(alias.partition("/")[0], alias) for alias in self.book.tables)
        return tuple(str(self._choice(wish, caller, wish.model).ref) for wish in wishes)

    def version(self, wish: Wish, caller: Caller) -> str:
        """The version that would hear a stream now; empty where the stage chooses by itself."""
        return str(self._choice(wish, caller, wish.model).ref or "")

    def _choice(self, wish: Wish, caller: Caller, model: str, had: ModelRef | None = None) -> Choice:
        asker = Asker(caller.key, caller.metadata, caller.name, wish.languages, had)
        return self.book.router.pick(wish.stage, model, asker)

    def _calls(self, wish: Wish, caller: Caller, choice: Choice, movable: bool) -> list[Call]:
        def rerouted() -> bool:
            return self._choice(wish, caller, wish.origin, choice.ref).ref != choice.ref

        calls = [self._call(wish.stage, caller, ref, wish.is_again) for ref in (choice.ref, *choice.instead)]
        return [replace(call, rerouted=rerouted) for call in calls] if movable else calls

    def _call(self, stage: str, caller: Caller, ref: ModelRef | None, is_again: bool = False) -> Call:
        metadata = telemetry.traceparent() | ({protocol.MODEL: str(ref)} if ref else {})
        metadata |= {protocol.AGAIN: "1"} if is_again else {}
        metadata |= {protocol.PAYER: caller.payer} if caller.payer else {}
        # Of texts nothing: they are short, and over HTTP people wait for them.
        waits = caller.metadata.get(protocol.CLASS) == BATCH and not STAGES[stage].is_rewriter
        metadata |= {protocol.CLASS: BATCH} if waits else {}
        return Call(stage, STAGES[stage].path, metadata, caller.budget, str(ref or ""), by=caller.who)

    async def _open(self, stack: AsyncExitStack, calls: list[Call], requests: Source, choice: Choice) -> Answers:
        """Opens the chosen version, or the first fallback that can be opened."""
        *others, last = calls
        for call in others:
            try:
                return await self._enter(stack, call, requests, choice)
            except ParleyError as error:
                if Then.OTHER_VERSION not in rule(When.OPENING, error).then:
                    raise
                log.warning("another model must serve", extra={"model": call.version, "why": str(error)})
                metrics.FALLBACKS.labels(call.stage, choice.alias, call.version).inc()
        try:
            return await self._enter(stack, last, requests, choice)
        except UnknownModel:
            if not choice.alias:
                raise
            what = (
                f"{choice.alias} leads to {last.version}, which no replica has just now; it is loaded again, come back."
            )
            raise Unavailable(what, retry_s=RELOAD_S) from None

    async def _enter(self, stack: AsyncExitStack, call: Call, requests: Source, choice: Choice) -> Answers:
        exchange = await stack.enter_async_context(self._learning(call, requests, choice))
        metrics.ROUTED.labels(call.stage, choice.alias, call.version).inc()
        entry.served(call.stage, call.version)
        trace.get_current_span().set_attribute(f"parley.model.{call.stage}", call.version)
        return exchange

    @asynccontextmanager
    async def _learning(self, call: Call, requests: Source, choice: Choice) -> AsyncIterator[Exchange]:
        """One stream of one version; its outcome goes to the router that is current when it ends."""
        began, first_answer_s, error, exchange = time.monotonic(), None, None, None
        try:
            async with self.upstream(call.stage).stream(call, requests) as exchange:
                exchange.notable = notable(call.stage)
                first_answer_s = time.monotonic() - began
                yield exchange
        except BaseException as failed:
            error = type(failed)
            raise
        finally:
            if exchange and not call.version:
                entry.served(call.stage, exchange.said_at_end.get(protocol.MODEL, ""))
            if call.version:
                outcome = Outcome(choice.alias, ModelRef.of(call.version), error, first_answer_s, call.stage)
                outcome = replace(outcome, together=choice.together)
                if exchange:
                    heard = tuple(exchange.noted)
                    outcome = replace(outcome, answers=heard, trailers=exchange.said_at_end)
                self._ended(outcome)

    def _ended(self, outcome: Outcome) -> None:
        """Policies learn at once; whoever judges versions takes it from here when they get to it."""
        self.outcomes.append(outcome)
        if outcome.alias:
            self.book.router.learn(outcome)

    def _shadowed(self, wish: Wish, caller: Caller, choice: Choice) -> list[Shadow]:
        """Starts a shadow for each version that gets a copy, up to `limits.shadows` at a time."""
        self._shadows = [shadow for shadow in self._shadows if not shadow.over]
        if choice.shadows and not self.features.on("shadow", caller):
            return []
        room = self._config.limits.shadows - len(self._shadows)
        upstream, parse = self.upstream(wish.stage), self.answer(wish.stage).FromString
        quiet = replace(caller, budget=Budget.of(None), payer=SHADOW)
        calls = [self._call(wish.stage, quiet, ref) for ref in choice.shadows[: max(0, room)]]
        beside = Beside(choice.alias, str(choice.ref), caller.payer, self.comparisons.append)
        added = [Shadow(upstream, call, parse, beside) for call in calls]
        self._shadows += added
        return added

    async def close(self) -> None:
        """Close every stream and connection."""
        await self.keeper.close()
        await self.book.close()
        await asyncio.gather(*(shadow.close() for shadow in self._shadows))
        await asyncio.gather(*(upstream.close() for upstream in self.upstreams.values()))
