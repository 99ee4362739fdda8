"""`parley models add` from the command to the folder that a service loads."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from parley.cli import app
from parley.cli.outcome import Exit
from parley.engines.model import ModelRef, locate
from services.asr.engine import open_engine
from tests.services.asr.untaught import folder


def add(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", "add", *map(str, arguments)])


def test_a_folder_becomes_a_model_that_is_served(tmp_path: Path) -> None:
    """It is described, tried on the bundled recordings, and opened by the service like any other."""
    done = add(folder(tmp_path), "--root", tmp_path, "--name", "mine", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    spec = locate([tmp_path], "asr", ModelRef("mine", "1"))
    assert told["folder"] == str(spec.folder)
    assert told["measured"]["words"] == 31
    assert told["measured"]["load_ms"] > 0
    assert spec.options["full_frames"] == 200  # what its own model.toml said
    assert spec.options["rest_s"] == 0.5
    open_engine(spec)
    assert not (tmp_path / "asr/.incoming").exists()
    again = add(folder(tmp_path / "asr"), "--root", tmp_path, "--name", "mine")
    assert (again.exit_code, "is there already; give another --name or --version" in again.output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("no/such",), "does not exist; name a folder, a wheel, a zip or an http(s) address"),
        (("no/such", "--name", "a/b"), "is not an exact model"),
        (("no/such", "--most-gb", "0"), "--most-gb is 0; allow more than 0"),
    ],
)
def test_what_cannot_be_added_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    """And nothing is left behind."""
    done = add(*arguments, "--root", tmp_path)
    assert (done.exit_code, told in done.output) == (Exit.BAD_INPUT, True), done.output
    assert not list(tmp_path.rglob("*.bin"))
    assert not (tmp_path / "asr/.incoming").exists()


def test_a_truncated_weight_file_is_named(tmp_path: Path) -> None:
    """Nothing is put where a service would find it."""
    source = folder(tmp_path)
    whole = (source / "model.bin").read_bytes()
    (source / "model.bin").write_bytes(whole[:-100])
    done = add(source, "--root", tmp_path)
    assert done.exit_code == Exit.FAILED
    assert f"parley: model.bin breaks off: it has {len(whole) - 100} bytes and needs at least" in done.output
    assert not (tmp_path / "asr").exists() or not list((tmp_path / "asr").iterdir())
