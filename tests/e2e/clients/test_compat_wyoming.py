"""The client of the `wyoming` package, which Home Assistant uses, against real processes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from parley.cli.processes.ports import free_address
from tests.e2e.cluster import Cluster
from tests.e2e.foreign import spoken_to
from tests.sound import pcm, silence, tone

pytestmark = pytest.mark.timeout(180)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("wyoming")
    (folder / "talk.pcm").write_bytes(pcm(np.concatenate((tone(440, 1.5), silence(1.0), tone(330, 1.0)))))
    address = free_address()
    async with Cluster(folder, stages=("asr",), wyoming={"listen": address}):
        yield await spoken_to("wyoming_client", address, str(folder))


def test_home_assistant_finds_a_program_with_languages(told: dict[str, Any]) -> None:
    """It takes the first, and reads the languages of its models."""
    (program,) = told["info"]["asr"]
    assert program["installed"] is True
    assert program["supports_transcript_streaming"] is True
    assert [model["name"] for model in program["models"]] == ["echo@1"]


def test_each_utterance_ends_in_a_transcript(told: dict[str, Any]) -> None:
    """Two connections, the same words; what came in chunks is the transcript."""
    first, second = told["heard"]
    assert first[0]["type"] == "transcript-start"
    assert len(first[-1]["data"]["text"].split()) >= 5
    assert first[-1] == second[-1]
    chunks = [each["data"]["text"] for each in first if each["type"] == "transcript-chunk"]
    assert "".join(chunks) == first[-1]["data"]["text"]


def test_an_error_is_the_packages_own(told: dict[str, Any]) -> None:
    """With what would be right."""
    assert told["wrong"][-1]["type"] == "error"
    assert "16-bit" in told["wrong"][-1]["data"]["text"]
