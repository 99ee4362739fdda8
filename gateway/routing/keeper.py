"""Has the versions that routes lead to loaded again where a replica has lost them. Must not know who changes routes.

A replica that was started again has what its config names, and says NOT_FOUND of the rest. One that was told to retire
a version says NOT_SERVING of it and is left alone.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.replicas.pool import Upstream
from gateway.replicas.replica import NOT_FOUND, SERVING, Call, Replica
from gateway.replicas.retry import pause_s
from gateway.routing.book import RouteBook
from parley import telemetry
from parley.budget import Budget, Clock
from parley.errors import ModelNotReady, ParleyError
from parley.v1.models_pb2 import ModelsLoadRequest

log = logging.getLogger(__name__)
LOOK_S = 2.0
LONGEST_PAUSE_S = 60.0  # between two tries to load a version
LOAD = "/parley.v1.Models/Load"


@dataclass
class _Loading:
    """One version on one replica that lacks it."""

    task: asyncio.Task[None] | None = None
    tries: int = 0
    next_at: float = 0.0
    fault: str = ""


@dataclass
class _Known:
    """What was seen of one version: which replicas had it, which lack it."""

    had: set[str] = field(default_factory=set)
    lacking: dict[str, _Loading] = field(default_factory=dict)


class Keeper:
    """Looks every two seconds."""

    def __init__(self, upstreams: Mapping[str, Upstream], book: RouteBook, clock: Clock = time.monotonic) -> None:
        self._upstreams, self._book, self._clock = upstreams, book, clock
        self._known: dict[tuple[str, str], _Known] = {}
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Load what is named and missing: everywhere where nobody has it, else where it has been before."""
        named = {(stage, version) for stage in self._upstreams for version in self._book.router.named(stage)}
        for gone in set(self._known) - named:
            self._stop(self._known.pop(gone))
        for stage, version in named:
            await self._look_at(stage, version)

    async def _look_at(self, stage: str, version: str) -> None:
        upstream, known = self._upstreams[stage], self._known.setdefault((stage, version), _Known())
        replicas = upstream.replicas
        states = dict(zip(replicas, await upstream.health(version), strict=True))
        known.had |= {replica.address for replica, state in states.items() if state == SERVING}
        for replica, state in states.items():
            if state == SERVING:
                known.lacking.pop(replica.address, None)
        nobody = SERVING not in states.values()
        for replica, state in states.items():
            lacks = state == NOT_FOUND and replica.health() == SERVING  # one that starts loads its own first
            if lacks and (nobody or replica.address in known.had):
                self._load(known.lacking.setdefault(replica.address, _Loading()), upstream, replica, version)

    def _load(self, loading: _Loading, upstream: Upstream, replica: Replica, version: str) -> None:
        if (loading.task and not loading.task.done()) or self._clock() < loading.next_at:
            return
        loading.task = asyncio.create_task(self._loaded(loading, upstream, replica, version))

    async def _loaded(self, loading: _Loading, upstream: Upstream, replica: Replica, version: str) -> None:
        where = {"stage": upstream.stage, "model": version, "address": replica.address}
        call = Call(upstream.stage, LOAD, telemetry.traceparent(), Budget.of(None), by="routes")
        try:
            await replica.unary(call, ModelsLoadRequest(model=version).SerializeToString(), upstream.load_s)
            log.info("a version that routes lead to is loaded again", extra=where)
            loading.fault = ""
        except ModelNotReady:
            pass  # it is being loaded already
        except ParleyError as error:
            if loading.fault != str(error):
                log.warning("a version that routes lead to cannot be loaded", extra=where | {"why": str(error)})
            loading.fault = str(error)
        loading.tries += 1
        loading.next_at = self._clock() + pause_s(LOOK_S, loading.tries, LONGEST_PAUSE_S)

    def faults(self) -> Iterator[dict[str, Any]]:
        """Which version cannot be loaded where, and why."""
        for (stage, version), known in self._known.items():
            for address, loading in known.lacking.items():
                if loading.fault:
                    yield {"stage": stage, "model": version, "address": address, "why": loading.fault}

    def _stop(self, known: _Known) -> None:
        for loading in known.lacking.values():
            if loading.task:
                loading.task.cancel()

    async def close(self) -> None:
        """Look no more."""
        tasks = [each.task for known in self._known.values() for each in known.lacking.values() if each.task]
        for task in [*tasks, *([self._watching] if self._watching else [])]:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
