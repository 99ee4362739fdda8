"""A version that is opened beside others: nothing that it does reaches them."""

from functools import partial
from pathlib import Path

import pytest

from parley.engines.model import ModelRef, ModelSpec, read_spec
from parley.errors import BadConfig, BadModel, TooLittleMemory
from parley.serving.batcher import BatchConfig
from parley.serving.registry import Registry, VersionState
from parley.serving.trial import tried
from tests.parley.serving import openers

TOML = 'name = "odd"\nversion = "{}"\nstage = "asr"\nbackend = "echo"\n'


def odd(folder: Path, version: str) -> ModelSpec:
    place = folder / version
    place.mkdir()
    (place / "model.toml").write_text(TOML.format(version))
    return read_spec(place)


@pytest.mark.parametrize(
    ("version", "kind", "told"),
    [
        ("2", BadModel, r"odd@2 ends the process that opens it \(SIGSEGV\)"),
        ("3", BadModel, r"odd@3 was not open after 3 s \(`load_s`\)"),
        ("4", BadModel, "odd@4 ends the process that opens it, with 7"),
        ("5", BadModel, r"^model\.onnx cannot be read; restore the file\.$"),
        ("6", BadModel, "cannot be opened: bad magic number; get its files again"),
        ("7", TooLittleMemory, "needs 99 GiB"),
    ],
)
async def test_a_bad_version_takes_no_neighbour(tmp_path: Path, version: str, kind: type[BadConfig], told: str) -> None:
    """Whoever loads it is told what it does; who was there before serves on, and another try is told the same."""
    within_s = 3.0 if version == "3" else 60.0  # only that one would never be open
    registry = Registry(openers.by_version, BatchConfig(), partial(tried, openers.by_version, within_s=within_s))
    here = await registry.load(odd(tmp_path, "1"))
    bad = odd(tmp_path, version)
    for _ in range(1 if version == "3" else 2):
        with pytest.raises(kind, match=told):
            await registry.load(bad)
    assert [model.spec.ref for model in registry.models] == [ModelRef("odd", "1")]
    assert here.state is VersionState.ACTIVE
    await registry.close()


async def test_a_good_version_is_tried_and_taken(tmp_path: Path) -> None:
    """What a library prints meanwhile is no answer."""
    await tried(openers.good, odd(tmp_path, "1"), 60.0)


async def test_a_library_s_complaint_is_about_the_model(tmp_path: Path) -> None:
    """The first version is opened here, and what a library says of its files is told, not hidden behind a number."""
    registry = Registry(openers.by_version, BatchConfig())
    with pytest.raises(BadModel, match="bad magic number"):
        await registry.load(odd(tmp_path, "6"))
    assert registry.models == []
