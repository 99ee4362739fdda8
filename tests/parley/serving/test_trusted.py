"""A service loads what its policy allows, says where it comes from, and loads again what was commanded."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from parley.client import Client
from parley.engines.trust import TrustConfig
from parley.errors import BadModel
from parley.serving.server import Service
from parley.v1.models_pb2 import ModelInfo, ModelsListRequest, ModelsLoadRequest, ModelsRetireRequest
from services.asr.stage import STAGE, AsrServiceConfig
from tests.contract.source import ROOT

EMBEDDED = ROOT / "models/embedded"
ECHO = (EMBEDDED / "asr/echo/1/model.toml").read_text()


def added(root: Path, version: str, source: str = "") -> None:
    folder = root / "asr/echo" / version
    folder.mkdir(parents=True)
    (folder / "model.toml").write_text(ECHO.replace('version = "1"', f'version = "{version}"') + source)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    added(tmp_path, "2", '[source]\nfrom = "hub:a/b"\nrevision = "abc"\ntrust = "pinned"\n')
    added(tmp_path, "3", '[source]\nfrom = ["/one", "/two"]\ntrust = "first-use"\n')
    return tmp_path


@asynccontextmanager
async def serving(root: Path, policy: str = "open") -> AsyncIterator[Client]:
    address = f"unix:{root}/asr.sock"
    settings = AsrServiceConfig(
        listen=address,
        models=("echo@1",),
        models_root=(root, EMBEDDED),
        commanded_file=str(root / "state/loaded.json"),
        trust=TrustConfig(policy=policy),  # type: ignore[arg-type]
    )
    service = Service(STAGE, settings)
    await service.start()
    try:
        async with Client(address) as client:
            yield client
    finally:
        await service.stop()


async def listed(client: Client) -> dict[str, ModelInfo]:
    answer = await client.models("List", ModelsListRequest(), "asr")
    return {each.model: each for each in answer.models}


async def load(client: Client, model: str, *, default: bool = False) -> None:
    await client.models("Load", ModelsLoadRequest(model=model, make_default=default), "asr")


async def test_the_policy_is_asked_before_a_version_is_opened(root: Path) -> None:
    """What ships and what was pinned is loaded; what was believed when it came first is not."""
    async with serving(root, "pinned") as client:
        await load(client, "echo@2")
        with pytest.raises(BadModel, match=r'was believed when it came first, and `trust\.policy` is "pinned"'):
            await load(client, "echo@3")
        assert set(await listed(client)) == {"echo@1", "echo@2"}


async def test_every_version_says_where_it_comes_from(root: Path) -> None:
    """In the list of models: source, commit, how sure, and one sum of everything."""
    async with serving(root) as client:
        await load(client, "echo@2")
        await load(client, "echo@3")
        found = {name: info.provenance for name, info in (await listed(client)).items()}
    assert (found["echo@1"].source, found["echo@1"].trust) == ("parley", "ships")
    assert (found["echo@2"].source, found["echo@2"].revision, found["echo@2"].trust) == ("hub:a/b", "abc", "pinned")
    assert (found["echo@3"].source, found["echo@3"].trust) == ("/one /two", "first-use")
    assert len({each.digest for each in found.values()}) == 3


async def test_what_was_loaded_by_command_is_loaded_again(root: Path) -> None:
    """With the default that was chosen; what was retired stays away."""
    async with serving(root) as client:
        await load(client, "echo@2", default=True)
        await load(client, "echo@3")
        await client.models("Retire", ModelsRetireRequest(model="echo@3"), "asr")
        await load(client, "echo@1")  # which the config loads at every start
    assert json.loads((root / "state/loaded.json").read_text())["models"] == ["echo@2"]
    async with serving(root) as client:
        found = await listed(client)
    assert {name: info.is_default for name, info in found.items()} == {"echo@1": False, "echo@2": True}


async def test_what_cannot_be_loaded_again_keeps_nobody_from_starting(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It was removed, or the policy is another one now: it is said, and the others serve."""
    async with serving(root) as client:
        await load(client, "echo@3", default=True)
    with caplog.at_level(logging.ERROR):
        async with serving(root, "pinned") as client:
            found = await listed(client)
    assert {name: info.is_default for name, info in found.items()} == {"echo@1": True}
    told = [record.__dict__.get("model") for record in caplog.records]
    assert told == ["echo@3", "echo@3"]  # as the default, and once more
