"""`parley models quantize` with the models that ship: what is as good is kept, and what is not is nowhere."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from parley.cli import app
from parley.cli.outcome import Exit
from parley.engines.model import read_spec
from services.denoise.engine import open_engine
from tests.contract.source import ROOT

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARLEY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def quantize(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", "quantize", *map(str, arguments)])


def test_half_precision_is_half_as_large_and_as_good(home: Path) -> None:
    """It opens like any other, and says from what it was made, how, and what it cost."""
    done = quantize("denoise-nano", "--to", "fp16", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    spec = read_spec(home / "models/denoise/denoise-nano/1-fp16")
    open_engine(spec)
    assert told["after"]["megabytes"] < 0.6 * told["before"]["megabytes"]
    assert abs(told["loss"]) <= told["most_loss"]
    assert spec.source["converted"] == "fp16"
    assert str(spec.source["from"]).startswith("denoise-nano@1 (")
    written = tomllib.loads((spec.folder / "model.toml").read_text())
    assert written["metrics"]["conversion"]["after"] == told["after"]
    assert (
        f"| quality | {told['before']['quality']} | {told['after']['quality']} |"
        in (spec.folder / "CARD.md").read_text()
    )
    again = quantize("denoise-nano@1", "--to", "fp16")
    assert (again.exit_code, "is there already" in again.output) == (Exit.BAD_INPUT, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("denoise-nano", "--to", "int8"), "denoise-nano@1 gets worse in int8, from"),
        (("voice-nano", "--to", "int8"), "It has few bits already"),
        (("nano-tatoeba", "--to", "int8"), "is no ONNX model of sound"),
        (("denoise-nano", "--to", "int8", "--calibration", ROOT / "docs/decisions"), "needs at least two recordings"),
        (("denoise-nano", "--to", "int8", "--calibration", "/no/such"), "is no folder; name one with recordings"),
    ],
)
def test_what_cannot_be_converted_is_one_sentence(home: Path, arguments: tuple[object, ...], told: str) -> None:
    """And nothing of it lies where a service looks."""
    done = quantize(*arguments)
    assert done.exit_code in (Exit.BAD_INPUT, Exit.FAILED)
    assert told in done.output, done.output
    assert not list(home.rglob("*.onnx"))
