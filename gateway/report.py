"""What an operator wants to see at a glance, gathered. Must not know a door."""

import asyncio
from typing import Any

from gateway.replica import SERVING, Call
from gateway.switchboard import Switchboard
from gateway.upstream import Upstream
from parley.budget import Budget
from parley.errors import ParleyError
from parley.v1.models_pb2 import ModelsListRequest, ModelsListResponse

PATIENCE_S = 2.0


async def ready(board: Switchboard) -> dict[str, bool]:
    """Stage -> whether some replica serves."""
    found = await asyncio.gather(*(upstream.serves() for upstream in board.upstreams.values()))
    return dict(zip(board.upstreams, found, strict=True))


async def status(board: Switchboard) -> dict[str, Any]:
    """Stages, replicas, models and routes."""
    told = await asyncio.gather(*map(_stage, board.upstreams.values()))
    stages = dict(zip(board.upstreams, told, strict=True))
    able = all(any(replica["health"] == SERVING for replica in stage["replicas"]) for stage in stages.values())
    fault = {"routes_fault": board.book.fault} if board.book.fault else {}
    return {"ready": able, "routes": board.book.tables, "stages": stages} | fault


async def _stage(upstream: Upstream) -> dict[str, Any]:
    replicas = [
        {"address": r.address, "health": health, "breaker": r.circuit, "streams": r.streams}
        for r, health in zip(upstream.replicas, await upstream.health(), strict=True)
    ]
    return {"replicas": replicas, "models": await _models(upstream)}


async def _models(upstream: Upstream) -> list[dict[str, Any]]:
    try:
        listing = Call(upstream.stage, "/parley.v1.Models/List", {}, Budget.of(PATIENCE_S))
        answer = await upstream.unary(listing, ModelsListRequest().SerializeToString())
    except ParleyError as error:
        return [{"error": str(error)}]
    return [
        {"model": m.model, "backend": m.backend, "device": m.device, "device_reason": m.device_reason}
        | {"streams": m.streams, "default": m.is_default, "languages": list(m.languages), "license": m.license}
        for m in ModelsListResponse.FromString(answer).models
    ]
