"""`parley models` on this machine's folders, from the command to the files: no server runs."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from parley.cli import app, connect
from parley.cli.outcome import Exit
from parley.errors import DeadlinePassed, Unauthenticated
from tests.contract.source import ROOT

NANO = ROOT / "models/embedded/denoise/denoise-nano/2"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, and nobody who serves."""

    def nobody(*_: object, **__: object) -> None:
        raise DeadlinePassed("Nobody answers.")

    monkeypatch.setattr(connect, "models", nobody)
    monkeypatch.setenv("PARLEY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def told(*arguments: object) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An enhancer that somebody made, with a model.toml that leaves the sum open."""
    folder = tmp_path / "own"
    folder.mkdir()
    shutil.copy(NANO / "model.onnx", folder / "model.onnx")
    text = (NANO / "model.toml").read_text().split("[training]")[0].replace("denoise-nano", "mine")
    options = (NANO / "model.toml").read_text().split("[options]")[1]
    sum_line = next(line for line in text.splitlines() if line.startswith('"model.onnx"'))
    (folder / "model.toml").write_text(text.replace(sum_line, '"model.onnx" = "<sha256>"') + "[options]" + options)
    return folder


def test_a_model_of_ones_own_from_add_to_rm(own: Path, home: Path, tmp_path: Path) -> None:
    """Added with its sum, listed beside what ships, shown, verified, exported, removed, imported."""
    added = told("add", own)
    place = home / "models/denoise/mine/2"
    assert (added["name"], added["folder"]) == ("mine", str(place))
    rows = {each["model"]: each for each in told("list", "denoise")["denoise"]}
    assert (rows["mine@2"]["ships"], rows["denoise-nano@2"]["ships"]) == (False, True)
    shown = told("show", "mine")
    assert shown["trust"] == "pinned"
    assert shown["files"]["model.onnx"] == told("show", "denoise-nano")["files"]["model.onnx"]
    checked = told("verify", "mine@2")
    assert checked["ok"]
    assert checked["megabytes_a_second"] > 0
    exported = told("export", "mine", "--out", tmp_path / "mine.parley")
    assert told("rm", "mine")["removed"] == "mine@2"
    assert not place.exists()
    assert run("show", "mine").exit_code == Exit.BAD_INPUT
    assert told("import", tmp_path / "mine.parley", "--sha256", exported["sha256"])["folder"] == str(place)
    again = run("import", tmp_path / "mine.parley")
    assert (again.exit_code, "is there already" in again.output) == (Exit.BAD_INPUT, True)


def test_a_translator_is_added_like_any_other(home: Path, tmp_path: Path) -> None:
    """Its weights are called like a Whisper's; its model.toml says what it is."""
    shutil.copytree(ROOT / "models/embedded/translate/nano-tatoeba/1", tmp_path / "mine")
    added = told("add", tmp_path / "mine", "--name", "mine", "--version", "2.0.1")
    assert (added["name"], added["folder"]) == ("mine", str(home / "models/translate/mine/2.0.1"))
    assert told("show", "mine")["model"] == "mine@2.0.1"


def test_what_breaks_the_contract_is_not_added(own: Path, home: Path) -> None:
    """The line is named, and nothing lies where a service looks."""
    text = (own / "model.toml").read_text()
    (own / "model.toml").write_text(text.replace('output = "enhanced"', 'output = "enchanted"'))
    done = run("add", own)
    assert done.exit_code == Exit.FAILED
    assert "breaks the contract of denoise: model.onnx gives `enchanted`: float32 [streams, samples]" in done.output
    assert "it gives 'enhanced'" in done.output
    assert not list(home.rglob("*.onnx"))


def placed(own: Path, home: Path, name: str = "mine") -> Path:
    """As if it had been added, with its sum."""
    total = told("show", "denoise-nano")["files"]["model.onnx"]
    text = (own / "model.toml").read_text().replace("<sha256>", total).replace('"mine"', f'"{name}"')
    (own / "model.toml").write_text(text.replace("[options]", '[source]\ntrust = "pinned"\n[options]'))
    place = home / "models/denoise" / name / "2"
    shutil.copytree(own, place)
    return place


def test_verify_says_which_line_is_broken(own: Path, home: Path) -> None:
    """A changed byte, and the process that would have opened it is not even started."""
    path = placed(own, home) / "model.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    done = run("verify", "mine")
    assert done.exit_code == Exit.FAILED
    assert "BROKEN  1. model.onnx has the sha256" in done.output
    assert "denoise mine@2: 1 of 2 lines are broken" in done.output


def test_what_ships_stays(home: Path) -> None:
    """Removed is only what was added."""
    done = run("rm", "denoise-nano")
    assert (done.exit_code, "ships with Parley and stays" in done.output) == (Exit.BAD_INPUT, True)


def test_the_first_folder_wins_and_both_are_listed(own: Path, home: Path) -> None:
    """A version of one's own before the one that ships."""
    placed(own, home, "denoise-nano")
    rows = [each for each in told("list", "denoise")["denoise"] if each["model"] == "denoise-nano@2"]
    assert [each["ships"] for each in rows] == [False, True]
    assert told("show", "denoise-nano")["folder"].startswith(str(home))
    assert "hidden" in run("list", "denoise").output


def test_a_server_that_wants_a_key_hides_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies here is listed; why the rest is not is said."""

    def refuse(*_: object, **__: object) -> None:
        raise Unauthenticated("This server wants a key.")

    monkeypatch.setattr(connect, "models", refuse)
    done = run("list", "denoise")
    assert (done.exit_code, "denoise-nano@2" in done.output) == (0, True)
    assert "is not shown: This server wants a key." in done.output


def test_a_mistyped_name_is_told_the_right_one(home: Path) -> None:
    """Here and in the catalogue."""
    assert "did you mean `denoise-nano@2`?" in run("show", "denoise-nan@2").output
    assert "did you mean `gtcrn`?" in run("pull", "gtcnr").output
    assert "No gtcrn lies here yet; `parley models pull gtcrn` fetches it." in run("verify", "gtcrn").output


def test_the_catalogue_is_shown(home: Path) -> None:
    """What can be pulled, for one stage; an entry whole."""
    assert set(told("list", "denoise", "--catalogue")) == {"gtcrn", "dtln"}
    assert told("show", "gtcrn")["license"] == "MIT"
    assert "first use" in run("list", "--catalogue").output


def test_gc_finds_nothing_where_nothing_is(home: Path) -> None:
    """And what a killed pull left is gone afterwards."""
    assert told("gc") == {"bytes": 0}
    left = home / "models/asr/.incoming/abc/x.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"12345")
    assert told("gc") == {"bytes": 5}
    assert not left.parent.parent.exists()


def test_the_policy_of_the_service_is_heeded(
    own: Path, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In its config, or by a variable: what nobody knows is not pulled, an import needs its sum."""
    monkeypatch.setenv("PARLEY_ASR__TRUST__POLICY", "pinned")
    done = run("pull", "whisper-small")
    assert (done.exit_code, "the catalogue has no sha256 of model.bin" in done.output) == (Exit.BAD_INPUT, True)
    monkeypatch.setenv("PARLEY_DENOISE__TRUST__POLICY", "pinned")
    placed(own, home)
    told("export", "mine", "--out", tmp_path / "mine.parley")
    told("rm", "mine")
    done = run("import", tmp_path / "mine.parley")
    assert (done.exit_code, "say the sum that the export told" in done.output) == (Exit.BAD_INPUT, True)
    monkeypatch.setenv("PARLEY_DENOISE__TRUST__POLICY", "sure")
    done = run("import", tmp_path / "mine.parley")
    assert "`trust.policy` is 'sure'; write one of open, pinned, signed" in done.output
