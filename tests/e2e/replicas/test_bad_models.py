"""Versions that are bad, loaded into a service that serves: each is refused in words, and nobody else notices."""

import os
import random
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio

from parley.errors import Code, ParleyError
from parley.v1.models_pb2 import ModelsLoadRequest
from tests.contract.source import ROOT
from tests.e2e.process import Running, models_root, running
from tests.parley.backends import tiny
from tests.sound import noise, pcm

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]
TOML = """name = "bad"
version = "{version}"
stage = "diarize"
backend = "onnx"

[files]
"model.onnx" = "{sha256}"

[options]
window_s = 1.5
same = 0.4
ward_height = 1.6
{more}
"""
Made = Callable[[Path], object]
GOOD = ROOT / "models/embedded/diarize/voice-nano/1/model.onnx"
# What lies there as model.onnx, more options, what whoever loads it is told.
BAD: dict[str, tuple[Made, str, str]] = {
    "device": (lambda path: path.symlink_to("/dev/zero"), "", "is a link; put the file itself there"),
    "pipe": (os.mkfifo, "", "is not a regular file"),
    "nothing": (lambda path: None, "", "cannot be read"),
    "noise": (lambda path: path.write_bytes(random.Random(1).randbytes(5000)), "", "protobuf parsing failed"),
    "other-graph": (lambda path: path.write_bytes(tiny.graph()), "", "cannot be opened"),
    "narrower": (lambda path: path.write_bytes(GOOD.read_bytes()), "width = 9", "not of (1, 9)"),
    "nanosecond": (lambda path: path.write_bytes(GOOD.read_bytes()), "hop_s = 1e-9", "`options.hop_s` is 1e-09; write"),
    "threads": (lambda path: path.write_bytes(GOOD.read_bytes()), "threads = 1000000", "write 1 to 256"),
}


def bad(root: Path, name: str) -> None:
    make, more, _ = BAD[name]
    folder = root / "diarize" / "bad" / name
    folder.mkdir(parents=True)
    make(folder / "model.onnx")
    there = (folder / "model.onnx").is_file()
    found = sha256((folder / "model.onnx").read_bytes()).hexdigest() if there else "0" * 64
    (folder / "model.toml").write_text(TOML.format(version=name, sha256=found, more=more))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def diarize(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("bad")
    root = models_root(folder, "diarize", "1")
    for name in BAD:
        bad(root, name)
    # One of the two that it shall have at its start is bad: the other one serves.
    asked = {"PARLEY_MODELS": "echo@1, bad@noise", "PARLEY_MODELS_ROOT": str(root)}
    async with running("diarize", folder, **asked) as service:
        yield service


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_version_is_refused_in_words(diarize: Running, name: str) -> None:
    """Whoever loads it learns what is wrong; the version beside it answers as before."""
    with pytest.raises(ParleyError) as refused:
        await diarize.client.models("Load", ModelsLoadRequest(model=f"bad@{name}"), "diarize")
    assert refused.value.code is Code.FAILED_PRECONDITION
    assert BAD[name][2] in str(refused.value)
    assert list(await diarize.models()) == ["echo@1"]
    assert (await diarize.ask({}, [pcm(noise(16_000))]))[0].opened.model == "echo@1"


async def test_what_was_bad_at_the_start_is_in_the_log(diarize: Running) -> None:
    """It costs the version, not the service."""
    assert '"model not loaded"' in diarize.command.log.read_text()
