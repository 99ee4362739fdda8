"""Every call, from whichever API, passes here once: counted, authorised, routed, opened. Must not know an API."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from gateway.access.admission import Admission, Places, kind_of
from gateway.access.audit import Audit
from gateway.access.keys import KeyRing
from gateway.access.voices import Voices
from gateway.caller import CacheScope, Wish
from gateway.caller import Caller as Caller
from gateway.config import GatewayConfig
from gateway.pipeline import recorded
from gateway.pipeline.channels import Channels
from gateway.pipeline.optional import without
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.plan import hide, pinned
from gateway.pipeline.redaction import configured
from gateway.pipeline.streams import Requests
from gateway.replicas.hedge import hedged
from gateway.replicas.replay import Rewind
from gateway.replicas.replica import Call, Replica
from gateway.report import status as report
from gateway.report import traces
from gateway.report.operations import Operations
from gateway.report.sla import SlaReports
from gateway.rollouts.rollouts import Rollouts
from gateway.routing.overheard import Answers
from gateway.routing.switchboard import Switchboard
from parley import beside, telemetry
from parley.errors import BadConfig, ConfigExpected, Forbidden
from parley.nearest import advice
from parley.places import places
from parley.v1.diarize_pb2 import DiarizeConfig, DiarizeRequest
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest, PipelineResponse
from parley.wire import protocol
from parley.wire.keys import ADMIN, Key
from parley.wire.stages import STAGES

READING = ("/List", "/Card")  # of the Models service: any replica answers, whoever asks


def _known(keys: KeyRing, caller: Caller, scope: str) -> Caller:
    """The caller with what is known of their key, which must have this scope."""
    key = keys.demanded(caller, scope)
    return replace(caller, name=key.name, payer=key.label)


class StageStreams:
    """Opens the streams of one pipeline's stages, for one caller, whose key must be for each of them."""

    def __init__(self, board: Switchboard, keys: KeyRing, caller: Caller) -> None:
        self._board, self._keys, self._caller = board, keys, caller

    async def open(self, wish: Wish, requests: Requests) -> AsyncGenerator[Any]:
        """A stage's answers; they end with DRAINING when the replica or version goes away or another has more room."""

        def raw() -> AsyncIterator[bytes]:
            return (request.SerializeToString() async for request in requests())

        answer, caller = self._board.answer(wish.stage), _known(self._keys, self._caller, wish.stage)
        if not wish.model and (pinned := caller.metadata.get(f"{protocol.MODEL}-{wish.stage}", "")):
            wish = replace(wish, model=pinned, origin=pinned)
        async with self._board.stream(wish, caller, raw, movable=True) as exchange:
            async for data in exchange.answers():
                event = answer.FromString(data)
                yield event
                if event.WhichOneof("event") == "late":
                    await self._board.relieve(wish.stage, exchange)


class Core:
    """What the APIs call."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config = config
        self.board = Switchboard(config)
        self._check_needs()
        configured(config.redact)
        self.keys = KeyRing(Path(config.keys_file) if config.keys_file else None, worker_token=config.jobs.token)
        self.voices = Voices(config.voices)
        self.audit = Audit(config.audit)
        self.admission = Admission(config.limits)
        self.operations = Operations(self.board, self.admission)
        self.sla = SlaReports(Path(config.reports) if config.reports else places().reports)
        self.rollouts = Rollouts(self.board, config.rollouts, config.http)

    def named(self, stage: str, name: str) -> str:
        """What a foreign client's name for a model means; empty: the default."""
        return self.board.named(stage, name)

    async def start(self) -> None:
        """Resolve the replicas, watch the routes, and judge the versions that are tried."""
        await self.board.start()
        self.operations.start()
        self.rollouts.start()

    @property
    def stages(self) -> dict[str, ServiceDescriptor]:
        """The stages that have an upstream, by name."""
        return self.board.stages

    def serves(self, caller: Caller) -> CacheScope | None:
        """Which exact versions this caller would get now; None where a stage chooses by itself, or nothing is kept."""
        key = self.keys.of(caller.metadata)
        if not (has := self.board.features.of(caller, key.name)).get("cache", True):
            return None
        pinned = (value for name, value in caller.metadata.items() if name.startswith(protocol.MODEL))
        versions = self.board.versions(replace(caller, name=key.name))
        routes = json.dumps([self.board.book.tables, has], sort_keys=True)
        return CacheScope(key.id, routes, (*versions, *pinned, self.voices.stamp(key))) if versions else None

    @asynccontextmanager
    async def open(
        self, stage: str, requests: AsyncIterator[bytes], caller: Caller, model: str = ""
    ) -> AsyncIterator[Answers]:
        """One stream to one stage, as bytes; until its first answer it is retried."""
        caller = _known(self.keys, caller, stage)
        self._check_may_be_alone(stage, caller)
        wish = Wish(stage, model or caller.metadata.get(protocol.MODEL, ""))
        requests = recorded.heard_alone(stage, requests)
        rewind = Rewind(self._with_voices(wish, requests, caller) if stage == "diarize" else requests)
        try:
            await rewind.first()
            async with self.board.stream(wish, caller, rewind.requests) as exchange:
                rewind.settle()
                yield exchange
        finally:
            await rewind.close()

    def key_for(self, caller: Caller, scope: str) -> Key:
        """The caller's key, which must have this scope."""
        return self.keys.demanded(caller, scope)

    async def _with_voices(self, wish: Wish, requests: AsyncIterator[bytes], caller: Caller) -> AsyncIterator[bytes]:
        """The same requests; in the first one the kept voices that it names are in their place."""
        if (first := await anext(requests, None)) is not None:
            message: Any = protocol.parse(DiarizeRequest, first)
            self._enrol(message.config, wish, caller)
            yield message.SerializeToString()
        async for request in requests:
            yield request

    def _enrol(self, config: DiarizeConfig, wish: Wish, caller: Caller) -> None:
        if config.voices:
            key = self.key_for(caller, wish.stage)
            self.voices.enrol(config, key, self.board.version(wish, replace(caller, name=key.name)))

    @asynccontextmanager
    async def conversation(self, caller: Caller) -> AsyncIterator[Places]:
        """A place for a socket on which pipelines come and go."""
        key = self.keys.of(caller.metadata)
        await self.admission.rate(key)
        with self.admission.conversation(key, kind_of(key, caller.metadata)) as places:
            yield places

    @asynccontextmanager
    async def admitted(self, name: str, caller: Caller, places: Places | None = None) -> AsyncIterator[Places]:
        """Counts one call against the limits, in a place of its own or a conversation's, and spans it in its trace."""
        with self.audit.within(name, caller.peer):
            key = self.keys.of(caller.metadata)
            await self.admission.rate(key)
            with (
                places.lent() if places else self.admission.place(key, kind_of(key, caller.metadata)) as held,
                telemetry.span("gateway", telemetry.parent_of(caller.metadata)) as span,
                telemetry.counted(name),
            ):
                span.set_attribute("parley.call", name)
                yield held

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

    async def whole(self, name: str, requests: Sequence[Message], caller: Caller, model: str = "") -> list[Any]:
        """All answers to requests that are known from the start; hedged with a second replica where they are late."""
        raw, answer = [request.SerializeToString() for request in requests], self.board.answer(name)

        async def again() -> AsyncIterator[bytes]:
            for request in raw:
                yield request

        async def ask(already_tried: list[Replica]) -> list[Any]:
            wish = Wish(name, model or who.metadata.get(protocol.MODEL, ""), is_again=bool(already_tried))
            async with self.board.stream(wish, who, again, already_tried=already_tried) as exchange:
                return [answer.FromString(data) async for data in exchange.answers()]

        async with self.admitted(name, caller):
            who = _known(self.keys, caller, name)
            return await hedged(ask, self._config.calls.hedge_s)

    async def _messages(
        self, name: str, requests: AsyncIterator[Message], caller: Caller, model: str
    ) -> AsyncGenerator[Any]:
        answer = self.board.answer(name)
        raw = (request.SerializeToString() async for request in requests)
        async with self.open(name, raw, caller, model) as exchange:
            async for data in exchange.answers():
                yield answer.FromString(data)

    async def pipeline(
        self,
        requests: AsyncIterator[PipelineRequest],
        caller: Caller,
        places: Places | None = None,
        *,
        first: Any = None,
    ) -> AsyncGenerator[PipelineResponse]:
        """Several stages in one stream, which takes a place for each of its streams to an engine."""
        async with self.admitted("pipeline", caller, places) as held:
            first = first or await anext(requests, None)
            if first is None or first.WhichOneof("message") != "config":
                raise ConfigExpected("A stream begins with its config; send that first.")
            off = without(first.config, partial(self._has, caller))
            pipeline = await beside.done(first.ByteSize(), partial(self._pipeline, first.config, caller))
            recorded.ask(first.config, off)
            held.hold(pipeline.places)
            async with aclosing(pipeline.run(recorded.heard(requests, first.config.format))) as answers:
                async for answer in answers:
                    yield answer
                    while off:  # behind what says that it has opened
                        yield PipelineResponse(notice=off.pop(0))

    def _has(self, caller: Caller, feature: str) -> bool:
        return self.board.features.on(feature, caller, self.keys.of(caller.metadata).name)

    def _pipeline(self, config: PipelineConfig, caller: Caller) -> Pipeline | Channels:
        caller = replace(caller, metadata=pinned(config, caller.metadata))
        ours = self._config.redact if self._config.redact and self._has(caller, "redact") else ()
        hide(config, (*ours, *self.keys.of(caller.metadata).redact), self.board.book.tables)
        model = config.models.get("diarize", "") or caller.metadata.get(f"{protocol.MODEL}-diarize", "")
        self._enrol(config.diarize, Wish("diarize", model), caller)
        begin = partial(
            Pipeline,
            streams=StageStreams(self.board, self.keys, caller),
            stalls_s=self._config.stalls_s,
            failover=self._config.failover,
        )
        return Channels(config, begin) if config.per_channel else begin(config)

    async def unary(self, stage: str, path: str, request: bytes, caller: Caller) -> bytes:
        """One method of a stage's service that has one answer."""
        async with self.admitted("models", caller):
            who = replace(caller, name=self.keys.of(caller.metadata).name).who
            call = Call(stage, path, telemetry.traceparent(), caller.budget, by=who)
            upstream = self.board.upstream(stage)
            if path.endswith(READING):
                return await upstream.unary(call, request)
            _known(self.keys, caller, ADMIN)
            return await upstream.every(call, request)  # what changes a stage changes all of its replicas

    def _check_may_be_alone(self, stage: str, caller: Caller) -> None:
        """Raises where a stage's own words would show what is hidden from everybody, or from this key."""
        if STAGES[stage].gives_words and (kinds := {*self._config.redact, *self.keys.of(caller.metadata).redact}):
            hidden = ", ".join(sorted(kinds))
            raise Forbidden(f"{hidden} are hidden here, which a pipeline does; ask for {stage} in one, not alone.")

    def _check_needs(self) -> None:
        if stage := next((each for each in self._config.ready.needs if each not in self.stages), ""):
            raise BadConfig(f"`ready.needs` names {stage!r}; {advice(stage, self.stages, 'there are {}.')}")

    @property
    def needs(self) -> Sequence[str]:
        """The stages that must serve so that the gateway is ready."""
        return self._config.ready.needs or tuple(self.stages)

    async def ready(self) -> dict[str, bool]:
        """Stage -> whether it can serve."""
        return {name: able and not self.admission.draining for name, able in (await report.ready(self.board)).items()}

    async def status(self) -> dict[str, Any]:
        """What an operator sees at a glance."""
        found = await report.status(self.board) | {"streams": self.admission.open}
        return found | {"words": [*report.words(found), *self.rollouts.words()]}

    async def trace(self, trace_id: str) -> Sequence[Mapping[str, object]]:
        """The spans of a stream whose caller asked to see them."""
        return await traces.of(self.board, trace_id)

    async def close(self) -> None:
        """Close every stream and connection."""
        await self.rollouts.close()
        await self.operations.close()
        await self.board.close()
        await self.audit.close()
