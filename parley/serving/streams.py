"""The one RPC of a stage: from the first byte of a stream to its last. Must not know ports, health or other streams."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sized
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from parley import beside, costs, telemetry
from parley.budget import Budget
from parley.engines.model import ModelRef
from parley.errors import ConfigExpected, ConfigRepeated, Draining, EmptyMessage, ParleyError, TooManyStreams
from parley.serving.provenance import provenance
from parley.serving.quality import QualityMeans
from parley.serving.registry import Model, Registry
from parley.serving.session import Ahead, Events, Flush, Session, drive
from parley.serving.stage import ServiceConfig, Stage
from parley.serving.waiting import Waiting
from parley.v1.audio_pb2 import ControlAction
from parley.wire import idle, protocol, rules
from parley.wire.keys import BATCH
from parley.wire.waits import WAITS, Waits

Context = Any  # grpc.aio's own types say little of what we move: bytes
Emit = Callable[[Events], Awaitable[None]]
Submit = Callable[[Any], Awaitable[Any]]
PATIENCE = 30  # times as long as who speaks, somebody waits whose jobs lie there all at once


class ServiceStreams:
    """Serves and counts the open streams of one service."""

    def __init__(self, stage: Stage, settings: ServiceConfig, registry: Registry) -> None:
        self._stage, self._settings, self._registry = stage, settings, registry
        self._payers = costs.Payers()
        self._quality = QualityMeans(stage.measures)
        self.draining = False
        self.open = 0
        self._none = asyncio.Event()
        self._none.set()

    async def gone(self, within_s: float) -> None:
        """Wait until no stream is open, or no longer than this."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._none.wait()

    async def handle(self, _: object, context: Context) -> None:
        """Serves one stream: config, model lease, requests, answers."""
        sent = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        refusal: ParleyError | None = None
        payer = self._payers.label(sent.get(protocol.PAYER, ""))
        with telemetry.span(self._stage.name, telemetry.parent_of(sent)) as span, costs.paid_by(payer):
            try:
                wanted = self._wanted(sent)
                await self._registry.woken(wanted)
                with self._registry.lease(wanted) as model:
                    span.set_attribute("parley.model", str(model.spec.ref))
                    span.set_attributes({f"parley.model.{k}": v for k, v in provenance(model.spec).items() if v})
                    context.set_trailing_metadata(((protocol.MODEL, str(model.spec.ref)),))
                    await self._counted(model, context)
            except Exception as error:
                refusal = protocol.public(error, self._stage.name)
                telemetry.failed(span, refusal)
        if refusal:
            code, message, trailers = protocol.status_of(refusal)
            await context.abort(code, message, (*(context.trailing_metadata() or ()), *trailers))

    def _wanted(self, sent: dict[str, str]) -> ModelRef | None:
        if self.draining:
            raise Draining("This replica is going away; open the stream again.", retry_s=0.1)
        if self.open >= self._settings.streams:
            raise TooManyStreams(f"{self.open} streams are open here, and that is the limit.", retry_s=1.0)
        return ModelRef.of(sent[protocol.MODEL]) if sent.get(protocol.MODEL) else None

    async def _counted(self, model: Model, context: Context) -> None:
        labels, outcome = (self._stage.name, str(model.spec.ref)), "cancelled"
        self.open += 1
        self._none.clear()
        telemetry.STREAMS.labels(*labels).inc()
        try:
            await self._run(model, context)
            outcome = "ok"
        except ParleyError as error:
            outcome = error.reason
            raise
        except Exception:
            outcome = ParleyError.reason
            raise
        finally:
            self.open -= 1
            if not self.open:
                self._none.set()
            telemetry.STREAMS.labels(*labels).dec()
            telemetry.STREAMS_ENDED.labels(*labels, outcome).inc()

    async def _run(self, model: Model, context: Context) -> None:
        first = await idle.message(self._read(context), self._settings.first_message_s)
        if first is None or first.WhichOneof("message") != "config":
            raise ConfigExpected("A stream begins with its config; send that first.")
        session = await beside.done(first.ByteSize(), lambda: self._begin(first.config, model))
        writing = asyncio.Lock()
        within_s = self._settings.job_budget_s * (PATIENCE if isinstance(session, Ahead) else 1)

        async def emit(events: Events) -> None:
            self._quality.note(self._stage.name, str(model.spec.ref), events)
            if answers := [self._stage.write(event).SerializeToString() for event in events]:
                async with writing:
                    for answer in answers:
                        await context.write(answer)
            model.batcher.look()

        waits = Waits()
        with self._submit(first.config, model, context, emit, within_s) as submit:
            await emit([self._stage.opened(first.config, model.spec)])
            await drive(session, self._items(first.config, model, context), _timed(submit, waits), emit)
        context.set_trailing_metadata(((protocol.MODEL, str(model.spec.ref)), (WAITS, waits.text)))

    def _begin(self, config: Any, model: Model) -> Session[Any, Any, Any]:
        rules.check(config)
        return self._stage.begin(config, model.spec, self._settings)

    @contextmanager
    def _submit(self, config: Any, model: Model, context: Context, emit: Emit, within_s: float) -> Iterator[Submit]:
        """How this stream's jobs reach the engine; who speaks now takes a place for that, or is refused."""
        batcher = model.batcher
        sent = dict(context.invocation_metadata())
        if model.load is None or not self._stage.is_live(config):
            patient = sent.get(protocol.CLASS) == BATCH
            longest_s = within_s * (PATIENCE if patient and self._stage.is_live(config) else 1)
            budget = partial(_budget, context, longest_s)
            yield lambda job: batcher.submit(job, budget(), patient=patient)
            return
        again = sent.get(protocol.AGAIN, "") != ""
        with model.load.place(again=again) as place:
            waiting = Waiting(batcher, place, within_s, lambda late: emit([late]))
            yield lambda job: waiting.submit(job, Budget.of(context.time_remaining()))

    async def _read(self, context: Context) -> Any:
        data = await context.read()
        return None if data is protocol.EOF else protocol.parse(self._stage.request, data)

    async def _items(self, config: Any, model: Model, context: Context) -> AsyncIterator[Any]:
        """What the session is fed; how long it sounds is noted by the second, not for each message."""
        sound, keys = telemetry.AUDIO.labels(self._stage.name, str(model.spec.ref)), costs.sound(self._stage.name)
        second, heard = self._stage.seconds_a_byte(config), 0.0
        try:
            while (request := await self._read(context)) is not None:
                item = self._item(request)
                if second and not isinstance(item, Flush):
                    heard += len(item) * second
                if heard >= 1.0:
                    sound.inc(heard)
                    keys.inc(heard)
                    heard = 0.0
                yield item
        finally:
            sound.inc(heard)
            keys.inc(heard)

    def _item(self, request: Any) -> Sized | Flush:
        kind = request.WhichOneof("message")
        if kind is None:
            raise EmptyMessage(f"A {request.DESCRIPTOR.name} says exactly one thing: {self._choices()}.")
        if kind == "config":
            raise ConfigRepeated("A stream has one config; open another stream for another.")
        return self._control(request.control.action) if kind == "control" else self._stage.read(request)

    def _control(self, action: int) -> Flush:
        if action != ControlAction.CONTROL_ACTION_FLUSH:
            raise EmptyMessage(f"Control action {action} is not known; send CONTROL_ACTION_FLUSH.")
        return Flush()

    def _choices(self) -> str:
        return ", ".join(field.name for field in self._stage.request.DESCRIPTOR.fields)


def _budget(context: Context, within_s: float) -> Budget:
    left_s = context.time_remaining()
    return Budget.of(within_s if left_s is None else min(left_s, within_s))


def _timed(submit: Submit, waits: Waits) -> Submit:
    """The same, noting how long each job waited for its result."""

    async def timed(job: Any) -> Any:
        began = time.monotonic()
        result = await submit(job)
        waits.note(time.monotonic() - began)
        return result

    return timed
