"""Where Parley's own files lie, and where it writes."""

import os
from pathlib import Path

import pytest

from parley import places as module
from parley.errors import BadInput
from parley.places import keys_file, places
from tests.contract.source import ROOT


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if from wheels: the package lies in no repository, and another carries the tree."""
    server = tmp_path / "site/parley_server"
    server.mkdir(parents=True)
    (server / "__init__.py").touch()
    monkeypatch.setattr(module, "_checkout", lambda: None)
    monkeypatch.syspath_prepend(str(server.parent))
    return server


def test_the_repository_is_its_own_tree_and_home() -> None:
    """`make run` writes where it always did."""
    found = places({})
    assert (found.tree, found.home, found.logs) == (ROOT, ROOT, ROOT / "build/logs")
    assert found.model_folders == (ROOT / "models/added", ROOT / "models/embedded")
    assert found.sockets is None
    assert keys_file({}) == ROOT / "build/keys.json"


def test_an_installation_writes_where_xdg_says(installed: Path) -> None:
    """State and data apart; nothing is written beside the code."""
    found = places({"XDG_STATE_HOME": "/state", "XDG_DATA_HOME": "/data"})
    assert (found.tree, found.home, found.logs) == (installed, Path("/state/parley"), Path("/state/parley/logs"))
    assert found.model_folders == (Path("/data/parley/models"), installed / "models/embedded")
    assert keys_file({"XDG_STATE_HOME": "/state"}) == Path("/state/parley/keys.json")


def test_without_xdg_the_users_own_folders_are_taken(installed: Path) -> None:
    """As the standard says."""
    assert places({}).home == Path.home() / ".local/state/parley"
    assert places({}).models == Path.home() / ".local/share/parley/models"


def test_one_variable_moves_everything(installed: Path) -> None:
    """In a repository too."""
    found = places({"PARLEY_HOME": "/srv/parley"})
    assert {found.home, found.logs.parent, found.models.parent} == {Path("/srv/parley")}
    assert keys_file({"PARLEY_HOME": "/srv/parley"}) == Path("/srv/parley/keys.json")


def test_sockets_go_where_their_names_are_short_enough(installed: Path) -> None:
    """A Unix socket's path is limited; the home's is not."""
    assert places({"PARLEY_HOME": "/srv/parley"}).sockets == Path("/srv/parley")
    assert places({"PARLEY_HOME": f"/{'x' * 70}"}).sockets is None
    assert len(f"{'x' * module.LONGEST_FOLDER}/parley-12345678/translate-64.sock") <= 103


def test_a_client_alone_says_what_serving_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, and what to paste."""
    monkeypatch.setattr(module, "_checkout", lambda: None)
    monkeypatch.setattr(module, "SERVER", "parley_server_that_nobody_has")
    with pytest.raises(BadInput, match=r'pip install "parley-speech\[serve\]"'):
        places({})


def test_a_users_own_path_comes_after_the_tree() -> None:
    """A module of theirs called `services` is not taken for ours."""
    path = places({}).environment({"PYTHONPATH": "/mine", "X": "y"})
    assert path["PYTHONPATH"] == f"{ROOT}{os.pathsep}/mine"
    assert (path["PYTHONSAFEPATH"], path["X"]) == ("1", "y")
