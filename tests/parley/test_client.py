from collections.abc import AsyncIterator

import pytest

from parley.client import Client, requests_of
from parley.errors import DeadlinePassed, NotFound
from parley.v1 import asr_pb2, translate_pb2
from parley.wire.stages import SERVICES, STAGES
from tests.contract.source import ROOT


def test_every_service_is_known() -> None:
    """The client can talk to each stage that there is, and to what is beside them."""
    stages = {path.parent.name.capitalize() for path in (ROOT / "services").glob("*/stage.py")}
    assert stages | {"Pipeline", "Models", "Traces", "Voices", "Jobs"} == set(SERVICES)
    assert {stage.service.name for stage in STAGES.values()} == stages


async def test_pieces_become_requests() -> None:
    """Bytes become audio, strings text, None a flush; the config comes first, and live sources work too."""
    config = asr_pb2.AsrConfig(language="en")
    made = [each async for each in requests_of(asr_pb2.AsrRequest, config, [b"ab", None])]
    assert [each.WhichOneof("message") for each in made] == ["config", "audio", "control"]

    async def live() -> AsyncIterator[str]:
        yield "hi"

    words = [
        each async for each in requests_of(translate_pb2.TranslateRequest, translate_pb2.TranslateConfig(), live())
    ]
    assert words[1] == translate_pb2.TranslateRequest(text={"text": "hi"})


async def test_nobody_there_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An address where nobody answers is a sentence with advice, for streams as for calls."""
    async with Client(f"unix:{tmp_path_factory.mktemp('x')}/none.sock") as client:
        with pytest.raises(DeadlinePassed, match="parley up"):
            await client.ready(0.05)
        with pytest.raises(NotFound, match="There is no service Sing"):
            await anext(client.stream("Sing", requests_of(asr_pb2.AsrRequest, asr_pb2.AsrConfig(), [])))
