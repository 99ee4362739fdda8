"""A server and a recording that several files share: each start takes a second."""

import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.target.server import Server
from tests.contract.source import ROOT
from tests.sound import noise, pcm, silence


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Every stage echoes."""
    with Server(tmp_path_factory.mktemp("server"), ROOT / "deploy/echo") as started:
        yield started


@pytest.fixture(scope="package")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short recording, so that the tests are short."""
    folder = tmp_path_factory.mktemp("clips")
    with wave.open(str(folder / "short.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm(silence(0.5), noise(16_000), silence(0.5)))
    (folder / "short.txt").write_text("alfa bravo")
    return folder
