"""`parley up --profile`: what is missing is named with its size, pulled, and not pulled twice."""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from parley.cli.commands.models import profile
from parley.errors import BadInput
from parley.places import Places
from tests.parley.store import hub as hubs
from tests.parley.store.hub import Hub, entry

FILES = {"model.onnx": bytes(range(256)) * 900}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    listed = entry(FILES, ["hub:a/b"])
    extra = '[profiles.small]\nabout = "a test"\nmodels = ["tiny"]\nroutes = { "denoise/tiny" = "tiny@1" }\n'
    (tmp_path / "catalogue.toml").write_text(extra + listed)
    monkeypatch.setattr(Places, "catalogue", tmp_path / "catalogue.toml")
    monkeypatch.setenv("PARLEY_HOME", str(tmp_path / "home"))
    with hubs.serving(dict(FILES)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub


def test_what_is_missing_is_said_and_pulled(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once; its aliases come back for the gateway."""
    assert profile.prepared("small", "", yes=False, quiet=True) == {"denoise/tiny": "tiny@1"}
    assert "The profile small fetches 3 MB: tiny@1 (3 MB, MIT)." in capsys.readouterr().err
    data = (tmp_path / "home/models/denoise/tiny/1/model.onnx").read_bytes()
    assert hashlib.sha256(data).digest() == hashlib.sha256(FILES["model.onnx"]).digest()
    count = len(hub.asked)
    assert json.dumps(profile.prepared("small", "", yes=False, quiet=True))
    assert (len(hub.asked), capsys.readouterr().err) == (count, "")


def test_on_a_terminal_it_asks(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who says no gets nothing; --yes does not ask."""
    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    with pytest.raises(BadInput, match="The profile small needs them"):
        profile.prepared("small", "", yes=False, quiet=True)
    assert hub.asked == []
    profile.prepared("small", "", yes=True, quiet=True)
    assert hub.asked


def test_a_profile_that_is_not_there_is_told(hub: Hub) -> None:
    """With those that are."""
    with pytest.raises(BadInput, match="did you mean `small`"):
        profile.prepared("smal", "", yes=True, quiet=True)
