"""What operators watch: stages, versions and times of the last hour, and what has happened. Must not know HTTP."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from gateway.access.admission import Admission
from gateway.replicas.replica import Replica
from gateway.report import status
from gateway.report.shadows import shadows
from gateway.report.spread import Spreads
from gateway.routing.switchboard import Switchboard
from parley.v1.models_pb2 import ModelInfo, ModelsListRequest, ModelsListResponse, Spread

LOOK_S = 5.0
KEPT = round(3600 / LOOK_S)  # looks
HAPPENINGS = 100
LIST, LIST_TIMEOUT_S = "/parley.v1.Models/List", 2.0
SHARES = (0.5, 0.95, 0.99)
KINDS = ("queue", "engine")
Counted = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Happening:
    """Something that an operator would have liked to see."""

    at: float
    kind: str  # health, breaker, notice, refusal, routes
    what: str
    before: str
    now: str


class Operations:
    """Asks every replica now and then, and remembers."""

    def __init__(self, board: Switchboard, admission: Admission) -> None:
        self._board, self._admission = board, admission
        self._models: dict[str, dict[str, Sequence[ModelInfo]]] = {}  # stage -> address -> versions there
        self._spreads: dict[tuple[str, str, str], Spreads] = defaultdict(lambda: Spreads(KEPT))
        self._last: dict[tuple[str, str], str] = {}
        self._happenings: deque[Happening] = deque(maxlen=HAPPENINGS)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Look no more."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Ask every replica what it has and how long that took."""
        for stage, upstream in self._board.upstreams.items():
            replicas = upstream.replicas
            found = await asyncio.gather(*map(_listed, replicas))
            self._models[stage] = {r.address: models for r, models in zip(replicas, found, strict=True)}
            self._count(stage)
        self._notice(status.counted())

    def _count(self, stage: str) -> None:
        counted: dict[tuple[str, str], dict[str, Spread]] = defaultdict(dict)
        for address, models in self._models[stage].items():
            for model in models:
                for kind in KINDS:
                    counted[model.model, kind][address] = getattr(model, kind)
        for (name, kind), by_address in counted.items():
            bounds_s = [bound / 1e6 for bound in next(iter(by_address.values())).bounds_us]
            counts = {address: tuple(spread.counts) for address, spread in by_address.items()}
            self._spreads[stage, name, kind].look(bounds_s, counts)

    def state(self) -> dict[str, Any]:
        """All of it, as it is now."""
        counted = status.counted()
        self._notice(counted)
        book = self._board.book
        return {
            "at": time.time(),
            "streams": self._admission.open,
            "stages": {stage: self._stage(stage) for stage in self._board.upstreams},
            "routes": book.tables,
            "routes_fault": book.fault or "",
            "shadows": shadows(),
            "counted": counted,
            "happenings": [vars(each) for each in reversed(self._happenings)],
        }

    def _stage(self, stage: str) -> dict[str, Any]:
        listed = self._models.get(stage, {})
        replicas = [self._replica(r, listed.get(r.address, ())) for r in self._board.upstreams[stage].replicas]
        versions = sorted({model.model for models in listed.values() for model in models})
        return {"replicas": replicas, "versions": {model: self._version(stage, model) for model in versions}}

    def _replica(self, replica: Replica, models: Sequence[ModelInfo]) -> dict[str, Any]:
        facts: dict[str, Any] = {"address": replica.address, "health": replica.health(), "breaker": replica.circuit}
        return facts | {"streams": replica.streams, "is_late": replica.is_late, "versions": [m.model for m in models]}

    def _version(self, stage: str, model: str) -> dict[str, Any]:
        here = [info for models in self._models[stage].values() for info in models if info.model == model]
        times = {kind: self._times(self._spreads[stage, model, kind]) for kind in KINDS}
        first = here[0]
        facts: dict[str, Any] = {"backend": first.backend, "device": first.device, "license": first.license}
        facts |= {"languages": list(first.languages), "is_default": first.is_default}
        numbers = {"streams": sum(info.streams for info in here), "waiting": sum(info.waiting for info in here)}
        return facts | numbers | {"replicas": len(here)} | times

    def _times(self, spreads: Spreads) -> dict[str, float | int | None]:
        p50, p95, p99 = spreads.quantiles_ms(*SHARES)
        return {"count": sum(spreads.total), "p50": p50, "p95": p95, "p99": p99}

    def _notice(self, counted: Counted) -> None:
        """What is other than at the last look has happened in between."""
        now = dict(self._facts(counted))
        for (kind, what), value in now.items() if self._last else ():
            before = self._last.get((kind, what), "0" if kind in ("notice", "refusal") else value)
            if before != value:
                self._happenings.append(Happening(time.time(), kind, what, before, value))
        self._last = now

    def _facts(self, counted: Counted) -> Iterator[tuple[tuple[str, str], str]]:
        for stage, upstream in self._board.upstreams.items():
            for replica in upstream.replicas:
                where = f"{stage} {replica.address}"
                yield ("health", where), replica.health()
                yield ("breaker", where), replica.circuit
        for alias, table in self._board.book.tables.items():
            yield ("routes", alias), str(dict(table))
        yield from ((("notice", what), str(count)) for what, count in counted["notices"].items())
        yield from ((("refusal", what), str(count)) for what, count in counted["shed"].items())


async def _listed(replica: Replica) -> Sequence[ModelInfo]:
    """The versions of one replica; none where it does not answer, or not like a service of ours."""
    answer = await replica.ask(LIST, ModelsListRequest().SerializeToString(), LIST_TIMEOUT_S)
    with suppress(DecodeError):  # what is no list tells nothing
        return ModelsListResponse.FromString(answer or b"").models
    return ()
