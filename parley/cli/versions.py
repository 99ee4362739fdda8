"""List, load and retire versions through the gateway. Must not know options."""

import asyncio
from typing import Any

from google.protobuf.message import Message

from parley.cli.connect import connected
from parley.cli.printing import plain, print_json, print_line
from parley.cli.table import table
from parley.errors import NotFound
from parley.v1 import models_pb2 as v1
from parley.wire.stages import STAGES

HEADS = ("stage", "model", "state", "backend", "device", "streams", "default")


def show(server: str, stage: str, *, as_json: bool) -> None:
    """What is loaded, in one stage or in all."""
    listed = asyncio.run(_list(server, (_known(stage),) if stage else tuple(STAGES)))
    if as_json:
        print_json({answer.stage: [plain(model) for model in answer.models] for answer in listed})
    else:
        print_line(table(HEADS, [_row(answer.stage, model) for answer in listed for model in answer.models]))


async def _list(server: str, stages: tuple[str, ...]) -> list[Any]:
    async with connected(server) as client:
        return list(await asyncio.gather(*(client.models("List", v1.ModelsListRequest(), each) for each in stages)))


def _row(stage: str, model: Any) -> tuple[str, ...]:
    device = f"{model.device} ({model.device_reason})" if model.device_reason else model.device
    default = "default" if model.is_default else ""
    return stage, model.model, _state(model), model.backend, device, str(model.streams), default


def _state(model: Any) -> str:
    return v1.ModelState.Name(model.state).removeprefix("MODEL_STATE_").lower()


def load(server: str, stage: str, model: str, *, default: bool, as_json: bool) -> None:
    """One more version."""
    _change(server, stage, "Load", v1.ModelsLoadRequest(model=model, make_default=default), as_json)


def retire(server: str, stage: str, model: str, *, as_json: bool) -> None:
    """One version less."""
    _change(server, stage, "Retire", v1.ModelsRetireRequest(model=model), as_json)


def _change(server: str, stage: str, method: str, request: Message, as_json: bool) -> None:
    info = asyncio.run(_call(server, _known(stage), method, request)).model
    if as_json:
        print_json(plain(info))
    else:
        print_line(f"{stage} {info.model} is {_state(info)}")


async def _call(server: str, stage: str, method: str, request: Message) -> Any:
    async with connected(server) as client:
        return await client.models(method, request, stage)


def _known(stage: str) -> str:
    if stage not in STAGES:
        raise NotFound(f"There is no stage {stage!r}; there are {', '.join(STAGES)}.")
    return stage
