"""A service's port, health and end."""

import asyncio
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from parley.client import Client
from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.errors import NotFound, Unavailable
from parley.serving.server import Service
from parley.v1.models_pb2 import ModelsLoadRequest
from services.asr.stage import STAGE, AsrServiceConfig
from tests.contract.source import ROOT
from tests.waiting import until


async def test_a_service_says_whether_it_has_room(tmp_path: Path) -> None:
    """Whoever asks for a version's health, or the default's, can ask whether one more stream would be taken."""
    address = f"unix:{tmp_path}/asr.sock"
    settings = AsrServiceConfig(listen=address, models=("echo@1",), models_root=(ROOT / "models/embedded",))
    service = Service(STAGE, settings, report_s=0.01)
    await service.start()
    load = service._registry.models[0].load
    assert load
    async with Client(address) as client, asyncio.timeout(30):
        for name in ("parley.v1.Asr/echo@1/room", "parley.v1.Asr/room"):
            await client.health(name)
        load._second_s = 10.0  # one stream is too much already
        with load.place():
            for name in ("parley.v1.Asr/echo@1/room", "parley.v1.Asr/room"):
                await until(partial(_is_full, client, name))
            await client.health("parley.v1.Asr/echo@1")
    await service.stop()


async def _is_full(client: Client, name: str) -> bool:
    try:
        await client.health(name)
    except Unavailable:
        return True
    return False


async def test_a_service_is_not_well_before_its_models_are_loaded(tmp_path: Path) -> None:
    """Who listens but cannot serve yet says NOT_SERVING, also when asked about nothing in particular."""
    loaded = threading.Event()

    def slowly(spec: ModelSpec) -> Placed[Any]:
        loaded.wait(30)
        return STAGE.open_engine(spec)

    address = f"unix:{tmp_path}/asr.sock"
    settings = AsrServiceConfig(listen=address, models=("echo@1",), models_root=(ROOT / "models/embedded",))
    service = Service(replace(STAGE, open_engine=slowly), settings)
    starting = asyncio.create_task(service.start())
    async with Client(address) as client:
        await client.ready(30)
        for name in ("", "parley.v1.Asr"):
            with pytest.raises(Unavailable, match="NOT_SERVING"):
                await client.health(name)
        loaded.set()
        await starting
        await client.health()
    await service.stop()


async def test_a_version_that_is_being_loaded_is_not_known_yet(tmp_path: Path) -> None:
    """NOT_SERVING would mean that it goes: whoever has it loaded would stop, and nobody would try again."""
    opened, root = threading.Event(), tmp_path / "more"
    (root / "asr/echo/2").mkdir(parents=True)
    text = (ROOT / "models/embedded/asr/echo/1/model.toml").read_text()
    (root / "asr/echo/2/model.toml").write_text(text.replace('version = "1"', 'version = "2"'))

    def slowly(spec: ModelSpec) -> Placed[Any]:
        if spec.ref.version == "2":
            opened.wait(30)
        return STAGE.open_engine(spec)

    address = f"unix:{tmp_path}/asr.sock"
    settings = AsrServiceConfig(listen=address, models=("echo@1",), models_root=(root, ROOT / "models/embedded"))
    service = Service(replace(STAGE, open_engine=slowly), settings)
    service._registry._trial = None
    await service.start()
    async with Client(address) as client:
        loading = asyncio.create_task(client.models("Load", ModelsLoadRequest(model="echo@2"), "asr"))
        await until(lambda: len(service._registry.models) == 2)
        await client.models("Load", ModelsLoadRequest(model="echo@1"), "asr")  # which has health reported
        with pytest.raises(NotFound):
            await client.health("parley.v1.Asr/echo@2")
        opened.set()
        await loading
        await client.health("parley.v1.Asr/echo@2")
    await service.stop()
