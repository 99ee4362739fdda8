"""What a service says of its models."""

from pathlib import Path

import pytest

from parley.client import Client
from parley.errors import NotFound, ParleyError
from parley.serving.server import Service
from parley.v1.models_pb2 import ModelsCardRequest
from services.asr.stage import STAGE, AsrServiceConfig
from tests.contract.source import ROOT

SPEC = 'name = "echo"\nversion = "{}"\nstage = "asr"\nbackend = "echo"\nlicense = "Apache-2.0"\n'


async def test_a_card_is_shown_of_any_version_that_lies_there(tmp_path: Path) -> None:
    """Loaded or not; where there is none, or no file of the folder's own, it says so."""
    for version in ("2", "3"):
        folder = tmp_path / "asr/echo" / version
        folder.mkdir(parents=True)
        (folder / "model.toml").write_text(SPEC.format(version))
    (tmp_path / "asr/echo/2/CARD.md").write_text("# echo 2\n\nSays what it hears.\n", "utf-8")
    roots = (tmp_path, ROOT / "models/embedded")
    address = f"unix:{tmp_path}/asr.sock"
    service = Service(STAGE, AsrServiceConfig(listen=address, models=("echo@1",), models_root=roots))
    await service.start()
    async with Client(address) as client:

        async def card(model: str) -> str:
            return str((await client.models("Card", ModelsCardRequest(model=model), "asr")).text)

        assert "Says what it hears." in await card("echo@2")
        with pytest.raises(NotFound, match=r"CARD\.md"):
            await card("echo@3")
        with pytest.raises(NotFound, match="echo@9"):
            await card("echo@9")
        (tmp_path / "asr/echo/3/CARD.md").symlink_to("/etc/hostname")
        with pytest.raises(ParleyError, match="is a link"):
            await card("echo@3")
    await service.stop()
