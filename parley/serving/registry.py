"""The versions a service has: load, lease, retire. Must not know what they are for.

LOADING -> ACTIVE -> DRAINING -> RETIRED. A stream leases one exact version until it ends; `retire` waits for leases.
Where memory has a budget, idle versions beyond it are ASLEEP: known, not in memory, and woken by who asks for them.
Where others are here already, a version is tried in another process before it is opened in this one.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from parley.engines.backends import Placed
from parley.engines.model import ModelRef, ModelSpec
from parley.engines.protocols import Elsewhere, Engine
from parley.errors import BadInput, ModelNotReady, UnknownModel
from parley.serving.batcher import BatchConfig, Batcher
from parley.serving.load import Costed, Load
from parley.serving.memory_budget import MemoryBudget, MemoryConfig, grown_mb, resident_mb, size_mb
from parley.serving.trial import opened
from parley.telemetry import Meter

log = logging.getLogger(__name__)
Opener = Callable[[ModelSpec], Placed[Engine[Any, Any]]]
Trial = Callable[[ModelSpec], Awaitable[None]]
UNBOUNDED = MemoryBudget(MemoryConfig())


class VersionState(Enum):
    """The lifecycle of a version."""

    LOADING = 1
    ACTIVE = 2
    DRAINING = 3
    RETIRED = 4
    ASLEEP = 5


@dataclass
class Model:
    """One version, the queue in front of its engine, and how many streams lease it."""

    spec: ModelSpec
    state: VersionState = VersionState.LOADING
    device: str = ""
    device_reason: str = ""
    streams: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    load: Load | None = None  # of those who speak now; None: nobody does here
    megabytes: float = 0.0  # that it takes in memory, as far as is known
    used_at: float = 0.0  # when a stream of it began or ended last
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _batcher: Batcher[Any, Any] | None = None

    @property
    def batcher(self) -> Batcher[Any, Any]:
        """The queue in front of the engine."""
        if self._batcher is None:
            raise ModelNotReady(f"{self.spec.ref} is still loading; try again in a moment.", retry_s=1.0)
        return self._batcher

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return self._batcher.waiting if self._batcher else 0

    def start(self, placed: Placed[Engine[Any, Any]], batch: BatchConfig, began: float) -> None:
        """Loaded, since `began`: accept streams."""
        self.device, self.device_reason = placed.device, placed.reason
        if isinstance(placed.model, Costed):
            self.load = Load(placed.model.second_s, batch.at_a_time, on_cpu=placed.model.on_cpu)
        if isinstance(placed.model, Elsewhere):  # who only waits for it shall wait for nobody else's answer
            batch = replace(batch, max_size=1, wait_ms=0.0, workers=placed.model.at_once)
        meter = Meter(self.spec.stage, str(self.spec.ref))
        meter.loaded(time.monotonic() - began)
        self._batcher = Batcher(placed.model, batch, meter, self.load)
        self.state = VersionState.ACTIVE

    async def stop(self, state: VersionState = VersionState.RETIRED) -> None:
        """No stream leases it any more: close the queue and drop the engine."""
        self.state, batcher, self._batcher = state, self._batcher, None
        if batcher:
            await batcher.close()


class Registry:
    """Every version that is loaded, being loaded or draining."""

    def __init__(
        self, opener: Opener, batch: BatchConfig, trial: Trial | None = None, memory: MemoryBudget = UNBOUNDED
    ) -> None:
        self._opener, self._batch, self._trial, self._memory = opener, batch, trial, memory
        self._models: dict[ModelRef, Model] = {}
        self._drains: dict[ModelRef, asyncio.Task[None]] = {}
        self.default: ModelRef | None = None

    @property
    def models(self) -> list[Model]:
        """All versions, in the order in which they were loaded."""
        return list(self._models.values())

    async def load(self, spec: ModelSpec, *, make_default: bool = False) -> Model:
        """Register it, so that "loading" is visible; open and warm it up beside the loop; then take streams."""
        known = self._models.get(spec.ref)
        if known and known.state not in (VersionState.ACTIVE, VersionState.ASLEEP):
            raise ModelNotReady(f"{spec.ref} is {known.state.name.lower()}; try again when it is done.", retry_s=1.0)
        model = known or await self._open(spec)
        await self._wake(model)
        if make_default or self.default is None:
            self.default = spec.ref
        return model

    async def _open(self, spec: ModelSpec) -> Model:
        has_neighbours = bool(self._models)
        model = self._models[spec.ref] = Model(spec, megabytes=size_mb(spec))
        try:
            async with model.opening:
                await self._make_room(model)
                if self._trial and has_neighbours:
                    await self._trial(spec)
                await self._start(model)
        except BaseException:
            del self._models[spec.ref]
            raise
        return model

    async def _start(self, model: Model) -> None:
        """Into memory; then perhaps another one out of it, since only now is known what this one takes."""
        began, before_mb = time.monotonic(), resident_mb()
        model.start(await asyncio.to_thread(opened, self._opener, model.spec), self._batch, began)
        model.megabytes, model.used_at = grown_mb(before_mb, model.spec), time.monotonic()
        log.info("model active", extra={"model": str(model.spec.ref), "device": model.device})
        await self._make_room()

    async def _make_room(self, coming: Model | None = None) -> None:
        while (goes := self._memory.first(self._in_memory(), self.default, coming)) is not None:
            log.info("model asleep", extra={"model": str(goes.spec.ref), "megabytes": round(goes.megabytes)})
            await goes.stop(VersionState.ASLEEP)

    def _in_memory(self) -> list[Model]:
        return [model for model in self.models if model.state is VersionState.ACTIVE]

    async def woken(self, ref: ModelRef | None) -> None:
        """Who is about to lease a version that is asleep waits until it is not."""
        if (wanted := ref or self.default) and (model := self._models.get(wanted)):
            await self._wake(model)

    async def _wake(self, model: Model) -> None:
        while model.state is VersionState.ASLEEP:
            async with model.opening:
                if model.state is VersionState.ASLEEP:
                    await self._make_room(model)
                    await self._start(model)

    @contextmanager
    def lease(self, ref: ModelRef | None) -> Iterator[Model]:
        """Hold a version for one stream; None: the default one."""
        model = self._active(ref or self.default)
        model.streams, model.used_at = model.streams + 1, time.monotonic()
        model.idle.clear()
        try:
            yield model
        finally:
            model.streams, model.used_at = model.streams - 1, time.monotonic()
            if not model.streams:
                model.idle.set()

    def _active(self, ref: ModelRef | None) -> Model:
        if ref is None:
            raise ModelNotReady("No model is loaded yet; try again in a moment.", retry_s=1.0)
        model = self._models.get(ref)
        if model is None or model.state in (VersionState.DRAINING, VersionState.RETIRED):
            raise UnknownModel(f"The model {ref} is not served here; served: {self._served()}.")
        if model.state in (VersionState.LOADING, VersionState.ASLEEP):
            raise ModelNotReady(f"{ref} is still loading; try again in a moment.", retry_s=1.0)
        return model

    def _served(self) -> str:
        serve = (VersionState.ACTIVE, VersionState.ASLEEP)
        return ", ".join(str(m.spec.ref) for m in self.models if m.state in serve) or "none"

    def retire(self, ref: ModelRef) -> Model:
        """Take no new streams for it; when the last one has ended, drop it."""
        asleep = self._models.get(ref)
        model = asleep if asleep and asleep.state is VersionState.ASLEEP else self._active(ref)
        if ref == self.default and any(
            other.state is VersionState.ACTIVE for other in self.models if other is not model
        ):
            raise BadInput(f"{ref} is the default; make another version the default first.")
        self.default = None if ref == self.default else self.default
        model.state = VersionState.DRAINING
        self._drains[ref] = asyncio.create_task(self._drain(model))
        return model

    async def _drain(self, model: Model) -> None:
        if model.streams:
            await model.idle.wait()
        await model.stop()
        del self._models[model.spec.ref], self._drains[model.spec.ref]
        log.info("model retired", extra={"model": str(model.spec.ref)})

    async def close(self) -> None:
        """Drop every version: the process ends."""
        for drain in self._drains.values():
            drain.cancel()
        for model in self.models:
            await model.stop()
        self._models.clear()
