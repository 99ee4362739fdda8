"""`parley models quantize` with the models that ship: what is as good is kept, and what is not is nowhere."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from parley.cli import app
from parley.cli.commands.models import converting
from parley.cli.outcome import Exit
from parley.engines.model import read_spec
from services.denoise.engine import open_engine
from tests.contract.source import ROOT
from tests.cpu import SATURATES

TALK = "triple-jump.flac"
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
    spec = read_spec(home / "models/denoise/denoise-nano/2-fp16")
    open_engine(spec)
    assert told["after"]["megabytes"] < 0.6 * told["before"]["megabytes"]
    assert abs(told["loss"]) <= told["most_loss"]
    assert spec.source["converted"] == "fp16"
    assert str(spec.source["from"]).startswith("denoise-nano@2 (")
    written = tomllib.loads((spec.folder / "model.toml").read_text())
    assert written["metrics"]["conversion"]["after"] == told["after"]
    assert (
        f"| quality | {told['before']['quality']} | {told['after']['quality']} |"
        in (spec.folder / "CARD.md").read_text()
    )
    again = quantize("denoise-nano@2", "--to", "fp16")
    assert (again.exit_code, "is there already" in again.output) == (Exit.BAD_INPUT, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("denoise-nano", "--to", "int8"), "denoise-nano@2 gets worse in int8, from"),
        (("voice-nano", "--to", "int8"), "It has few bits already"),
        (("nano-tatoeba", "--to", "int8"), "Its weights are int8 already"),
        (("denoise-nano", "--to", "int8_float32"), "cannot become int8_float32"),
        (("denoise-nano", "--to", "int8", "--calibration", ROOT / "docs/decisions"), "needs at least two recordings"),
        (("denoise-nano", "--to", "int8", "--calibration", "/no/such"), "is no folder; name one with recordings"),
    ],
)
def test_what_cannot_be_converted_is_one_sentence(home: Path, arguments: tuple[object, ...], told: str) -> None:
    """And nothing of it lies where a service looks."""
    done = quantize(*arguments)
    assert done.exit_code in (Exit.BAD_INPUT, Exit.FAILED)
    assert told in done.output, done.output
    assert not [*home.rglob("*.onnx"), *home.rglob("*.bin")]


def test_a_translator_in_other_numbers_translates_as_well(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its eight bits as half precision and back: the card has both, and the service is told how to compute.

    Where eight bits saturate they cost these few sentences more than may be lost.
    """
    if SATURATES:
        monkeypatch.setattr(converting, "_refuse_loss", lambda *_: None)
    known = (ROOT / "examples/sentences.tsv").read_text().splitlines()
    (tmp_path / "sentences.tsv").write_text("\n".join(known[:9]) + "\n")
    done = quantize("nano-tatoeba", "--to", "fp16", "--calibration", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["unit"] == "BLEU"
    assert told["before"]["quality"] > 30
    assert told["after"]["megabytes"] > 1.5 * told["before"]["megabytes"]
    more = ("--calibration", tmp_path, "--json")
    done = quantize("nano-tatoeba@1-fp16", "--to", "int8", "--version", "2", *more)
    assert done.exit_code == 0, done.output
    again = json.loads(done.stdout)
    assert again["loss"] < 5
    assert again["after"]["megabytes"] < 0.6 * again["before"]["megabytes"]
    spec = read_spec(home / "models/translate/nano-tatoeba/2")
    assert spec.options["compute_type"] == "int8"
    assert "| memory mb |" in (spec.folder / "CARD.md").read_text()


def test_a_recogniser_is_measured_by_its_words(home: Path, tmp_path: Path) -> None:
    """The one that ships, as half precision, by one recording of yours."""
    row = next(line for line in (ROOT / "examples/words.tsv").read_text().splitlines() if line.startswith(TALK))
    (tmp_path / "words.tsv").write_text(f"{row}\n")
    shutil.copy(ROOT / "examples" / TALK, tmp_path)
    done = quantize("whisper-tiny.en-live", "--to", "fp16", "--calibration", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["unit"] == "% of words right"
    assert told["before"]["quality"] > (60 if SATURATES else 80)
    assert min(told["before"]["memory_mb"], told["before"]["load_ms"], told["before"]["cpu_ms"]) > 0


def test_words_of_another_language_are_asked_for(home: Path, tmp_path: Path) -> None:
    """A translator is judged by sentences of its own languages."""
    (tmp_path / "sentences.tsv").write_text("fi\tja\nhyvä\tyoi\n")
    done = quantize("nano-tatoeba", "--to", "fp16", "--calibration", tmp_path)
    assert "has fi, ja, and nano-tatoeba@1 no way between two of them; name others." in done.output
