"""The list of models that can be fetched by a name."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from parley.engines.model import ModelRef
from parley.errors import BadConfig
from parley.places import places
from parley.store import catalogue
from parley.store.contents import NEEDED, VOCABULARIES, WEIGHTS


def test_every_entry_can_be_fetched_and_checked() -> None:
    """It names an exact model of a stage, packages with versions, and a sum for every file that is needed."""
    entries = catalogue.read(places().catalogue)
    assert "accurate" in entries
    for entry in entries.values():
        assert str(ModelRef.of(entry.model)) == entry.model
        assert entry.stage == "asr"
        assert {WEIGHTS, *NEEDED} <= set(entry.sha256)
        assert set(VOCABULARIES) & set(entry.sha256)
        assert all(re.fullmatch("[0-9a-f]{64}", each) for each in entry.sha256.values())
        assert entry.license
        assert entry.packages


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[a", "is not TOML"),
        ("[a]\nmodle = 1", "`a.modle` is not known"),
        ('[a]\nmodel = "a@1"', "lacks `a.stage`"),
    ],
)
def test_a_broken_catalogue_is_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    """Whoever edits it sees where."""
    (tmp_path / "catalogue.toml").write_text(text)
    with pytest.raises(BadConfig, match=told):
        catalogue.read(tmp_path / "catalogue.toml")


def test_a_package_without_a_version_is_refused() -> None:
    """What is fetched is the same tomorrow; and nothing is an option of pip's."""
    right = catalogue.read(places().catalogue)["accurate"]
    for package in ("a", "a>=1", "--index-url=x==1", "a==1 b"):
        with pytest.raises(BadConfig, match="write NAME==VERSION"):
            replace(right, packages=(package,))
