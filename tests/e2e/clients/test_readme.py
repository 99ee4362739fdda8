"""What the README tells people to paste, pasted."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.contract.source import ROOT
from tests.e2e.cluster import Cluster
from tests.fakes import PATIENCE_S

pytestmark = pytest.mark.timeout(180)
BLOCKS = re.findall(r"```(bash|python)\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
RUN = {"bash": ("bash", "-ec"), "python": (sys.executable, "-c")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader sits: what one example writes, the next one reads."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


@pytest.mark.parametrize(("language", "text"), BLOCKS, ids=[f"{n}-{block[0]}" for n, block in enumerate(BLOCKS)])
@pytest.mark.asyncio(loop_scope="module")
async def test_an_example_does_what_it_says(cluster: Cluster, folder: Path, language: str, text: str) -> None:
    """It ends well, prints something, and what it prints is no error."""
    text = text.replace("localhost:8080", cluster.http).replace("localhost:50051", cluster.grpc)
    text = text.replace("curl ", "curl --silent --show-error --fail-with-body ")
    process = await asyncio.create_subprocess_exec(
        *RUN[language], text, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE_S):
        out, wrong = await process.communicate()
    assert process.returncode == 0, wrong.decode()
    assert out.strip()


def test_every_api_has_an_example() -> None:
    """An API that the README does not call is missing from it."""
    texts = "".join(text for _, text in BLOCKS)
    calls_in_readme = [
        "transcriptions",
        "translations",
        "denoise",
        "diarize",
        "/v1/pipeline",
        "realtime",
        "/translate",
        "/detect",
    ]
    calls_in_readme += ["/v1/listen", "DeepgramClient", "/languages", "riva.client", "Pipeline"]
    assert [call for call in calls_in_readme if call not in texts] == []
