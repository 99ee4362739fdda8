"""The gateway's status, for operators and for APIs that list models."""

import asyncio
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from prometheus_client import Counter

from gateway import metrics
from gateway.replicas.pool import Upstream
from gateway.replicas.replica import SERVING, Call
from gateway.routing.switchboard import Switchboard
from parley import telemetry
from parley.budget import Budget
from parley.errors import ParleyError
from parley.v1.models_pb2 import ModelsListRequest, ModelsListResponse

Status = Mapping[str, Any]
PROBE_TIMEOUT_S = 2.0
REASONS = {  # a health status, and what it means
    "UNAVAILABLE": ": nobody listens there, or the way to it is cut",
    "DEADLINE_EXCEEDED": ": it listens and does not answer; it hangs, or has far too much to do",
    "NOT_SERVING": ": it loads its models, or goes away",
    "NOT_FOUND": ": what listens there is another service",
    "UNAUTHENTICATED": ": it does not take this gateway's token",
    "PERMISSION_DENIED": ": it does not take this gateway's token",
}


async def ready(board: Switchboard) -> dict[str, bool]:
    """Stage -> whether it can serve who asks for its default."""
    found = await asyncio.gather(*map(board.able, board.upstreams))
    return dict(zip(board.upstreams, found, strict=True))


async def status(board: Switchboard) -> dict[str, Any]:
    """Stages, replicas, models and routes."""
    found = await asyncio.gather(*map(_stage, board.upstreams.values()))
    stages = dict(zip(board.upstreams, found, strict=True))
    able = all(any(replica["health"] == SERVING for replica in stage["replicas"]) for stage in stages.values())
    book = board.book
    fault = {"routes_fault": book.fault} if book.fault else {}
    fault |= {"routes_file": str(book.file)} if book.file and book.file.exists() else {}
    astray = await board.unserved(board.book.tables)
    state = {
        "ready": able and not astray,
        "routes": board.book.tables,
        "unserved": astray,
        "not_loaded": list(board.keeper.faults()),
        "stages": stages,
        "counted": counted(),
    }
    return state | fault


def counted() -> dict[str, dict[str, int]]:
    """Since the start: who got which version, who was refused and why, what did not go as asked."""
    return {
        "routed": _numbers(metrics.ROUTED, "alias", "model"),
        "shed": _numbers(metrics.SHED, "reason", "class"),
        "notices": _numbers(telemetry.NOTICES, "stage", "reason"),
    }


def _numbers(counter: Counter, *labels: str) -> dict[str, int]:
    samples = (sample for metric in counter.collect() for sample in metric.samples if sample.name.endswith("_total"))
    return {" ".join(sample.labels[label] for label in labels): int(sample.value) for sample in samples}


def words(state: Mapping[str, Any]) -> list[str]:
    """The status in sentences."""
    return [
        "Everything is ready." if state["ready"] else "Not everything is ready.",
        *(line for stage, facts in state["stages"].items() for line in _of_stage(stage, facts["replicas"])),
        *([f"The routes file is not obeyed: {state['routes_fault']}"] if "routes_fault" in state else []),
        *([f"The routes are those of {state['routes_file']}, not of the config."] if "routes_file" in state else []),
        *(f"{alias} leads to {version}, which no replica serves." for alias, version in state["unserved"]),
        *(f"{at['model']} cannot be loaded at {at['address']}: {at['why']}" for at in state["not_loaded"]),
        *(f"Streams of {alias} to {model}: {n}." for alias, model, n in _pairs(state, "routed")),
        *(f"Refused {kind} calls, {reason}: {n}." for reason, kind, n in _pairs(state, "shed")),
        *(f"Notices of {stage}, {reason}: {n}." for stage, reason, n in _pairs(state, "notices")),
    ]


def _pairs(state: Mapping[str, Any], what: str) -> list[tuple[str, str, int]]:
    """Two labels and a number; streams without an alias are left out."""
    each = ((*key.rpartition(" ")[::2], number) for key, number in state["counted"][what].items())
    return [(first, second, number) for first, second, number in each if first]


def _of_stage(stage: str, replicas: list[dict[str, Any]]) -> Iterator[str]:
    able = sum(replica["health"] == SERVING for replica in replicas)
    yield f"{stage}: {able} of {len(replicas)} replicas serve, {sum(r['streams'] for r in replicas)} streams."
    for replica in replicas:
        if replica["health"] != SERVING:
            why = REASONS.get(replica["health"], "")
            yield f"{stage} at {replica['address']} says {replica['health']}{why}."
        if replica["breaker"] != "closed":
            fault = f" What it said last: {replica['fault']}" if replica["fault"] else ""
            yield f"{stage} at {replica['address']} failed too often; its breaker is {replica['breaker']}.{fault}"


async def _stage(upstream: Upstream) -> dict[str, Any]:
    replicas = [
        {"address": r.address, "health": health, "breaker": r.circuit, "streams": r.streams, "fault": r.fault}
        for r, health in zip(upstream.replicas, await upstream.health(), strict=True)
    ]
    return {"replicas": replicas, "models": await _models(upstream)}


async def _models(upstream: Upstream) -> list[dict[str, Any]]:
    try:
        listing = Call(upstream.stage, "/parley.v1.Models/List", {}, Budget.of(PROBE_TIMEOUT_S))
        answer = await upstream.unary(listing, ModelsListRequest().SerializeToString())
    except ParleyError as error:
        return [{"error": str(error)}]
    return [
        {"model": m.model, "backend": m.backend, "device": m.device, "device_reason": m.device_reason}
        | {"streams": m.streams, "default": m.is_default, "languages": list(m.languages), "license": m.license}
        | {"pairs": [[pair.source, pair.target] for pair in m.pairs]}
        | {"provenance": {field.name: value for field, value in m.provenance.ListFields()}}
        for m in ModelsListResponse.FromString(answer).models
    ]


def loaded(status: Status, stage: str) -> Iterator[Status]:
    """A stage's models, as its service reports them."""
    return (model for model in status["stages"].get(stage, {}).get("models", ()) if "model" in model)


def provenance(status: Status, stage: str) -> dict[str, dict[str, str]]:
    """Where each version that is loaded comes from."""
    return {model["model"]: model["provenance"] for model in loaded(status, stage) if model.get("provenance")}


def models(status: Status, stage: str) -> list[str]:
    """The model names that a stage takes: every alias, and every exact version that is loaded."""
    aliases = [alias for alias in status["routes"] if alias.startswith(f"{stage}/")]
    return aliases + [model["model"] for model in loaded(status, stage)]


def pairs(model: Status) -> list[tuple[str, str]]:
    """The language pairs of a model; one that lists none translates between all its languages."""
    return [(a, b) for a, b in model.get("pairs") or product(model["languages"], repeat=2) if a != b]
