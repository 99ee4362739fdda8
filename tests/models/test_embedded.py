"""The models that ship: whole, small, and what their manifests and cards say."""

import importlib
import shutil
from pathlib import Path

import pytest

from parley.engines.model import ModelSpec, read_spec
from parley.errors import BadModel
from parley.serving.stage import Stage
from tests.contract.source import ROOT

EMBEDDED = ROOT / "models/embedded"
MODELS = [read_spec(path.parent) for path in sorted(EMBEDDED.glob("*/*/*/model.toml"))]
TRAINED = [spec for spec in MODELS if spec.files]
MOST_BYTES = 130_000_000


def stage_of(spec: ModelSpec) -> Stage:
    stage: Stage = importlib.import_module(f"services.{spec.stage}.stage").STAGE
    return stage


def named(spec: ModelSpec) -> str:
    return f"{spec.stage}/{spec.ref}"


def test_all_weights_together_stay_small() -> None:
    """A clone is quick: the weights of all embedded models are at most 130 MB."""
    assert sum((spec.folder / name).stat().st_size for spec in TRAINED for name in spec.files) <= MOST_BYTES


@pytest.mark.parametrize("spec", TRAINED, ids=named)
def test_a_model_is_whole_and_has_its_card(spec: ModelSpec) -> None:
    """Its files are the declared ones, nothing else lies beside them, and a card tells its numbers and its licence."""
    assert all(spec.bytes_of(name) for name in spec.files)
    assert {path.name for path in spec.folder.iterdir()} == {*spec.files, "model.toml", "CARD.md"}
    card = (spec.folder / "CARD.md").read_text("utf-8")
    assert "| target | reached |" in card
    assert spec.license


@pytest.mark.parametrize("spec", TRAINED, ids=named)
def test_a_wrong_byte_is_refused(spec: ModelSpec, tmp_path: Path) -> None:
    """A single changed byte in any of its files keeps a model from loading, and the message names the file."""
    for name in spec.files:
        folder = shutil.copytree(spec.folder, tmp_path / name / "1")
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)
        with pytest.raises(BadModel, match=rf"{name} is not the file"):
            stage_of(spec).open_engine(read_spec(folder))
