"""Steps back, and who made which: what is kept of changes."""

import logging
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.routing.book import RouteBook
from gateway.routing.history import write
from parley.errors import BadConfig, BadInput
from tests.gateway.routing.conftest import ONE, TWO, rewrite, serves


def test_each_roll_back_is_one_step_further_back(file: Path) -> None:
    """Twice is two steps, never forward again; at the end there is none left, and that is said."""
    book = RouteBook({}, file)
    for version in ("a@2", "a@3", "a@4"):
        book.change({"asr/default": {version: 1}}, "ann")
    found = []
    for _ in range(3):
        book.roll_back("ann")
        found.append(serves(book))
    assert found == ["a@3", "a@2", "a@1"]
    with pytest.raises(BadInput, match="nothing to roll back"):
        book.roll_back("ann")
    assert serves(RouteBook({}, file)) == "a@1"


def test_a_change_after_a_roll_back_starts_from_there(file: Path) -> None:
    """What was taken back is no step any more."""
    book = RouteBook({}, file)
    book.change(TWO, "ann")
    book.roll_back("ann")
    book.change({"asr/default": {"a@3": 1}}, "ann")
    book.roll_back("ann")
    assert serves(book) == "a@1"


def test_what_an_editor_wrote_can_be_rolled_back_too(file: Path) -> None:
    """A step is a step, whoever made it, and has a line in the audit file."""
    book = RouteBook({}, file)
    rewrite(file, '["asr/default"]\n"a@2" = 1\n')
    book.look()
    assert book.change_log.last(1)[0]["what"] == "edit"
    book.roll_back("ann")
    assert serves(book) == "a@1"


def test_gateways_that_share_a_file_share_its_steps(file: Path) -> None:
    """What one changes and takes back the other heeds, and does not take for steps of its own."""
    one, other = RouteBook({}, file), RouteBook({}, file)
    one.change(TWO, "ann")
    other.look()
    assert serves(other) == "a@2"
    one.roll_back("ann")
    other.look()
    assert serves(other) == "a@1"
    with pytest.raises(BadInput, match="nothing to roll back"):
        other.roll_back("ann")
    assert [entry["what"] for entry in other.change_log.last(9)] == ["rollback", "change"]


def test_steps_of_one_change_are_taken_back_together(file: Path) -> None:
    """A canary that grows and takes itself back leaves no step to the bad version; one that stays leaves one back."""
    book = RouteBook({}, file)
    for last in (ONE, TWO):
        book.change({"asr/default": {"a@1": 9, "a@2": 1}}, "ann")
        book.step({"asr/default": {"a@1": 5, "a@2": 5}}, "canary", "no harm", what="step")
        book.step(last, "canary", "done", what="end")
        if last is ONE:
            with pytest.raises(BadInput, match="nothing to roll back"):
                book.roll_back("ann")
    book.roll_back("ann")
    assert serves(book) == "a@1"


def test_a_change_that_takes_itself_back_leaves_no_trace_in_the_file(file: Path) -> None:
    """Comments and layout are those of before, and no step is left that would lead nowhere."""
    text = '# Ann decides.\n["asr/default"]  # and Bo\n"a@1" = 1   # since May\n'
    file.write_text(text)
    book = RouteBook({}, file)
    book.change({"asr/default": {"versions": {"a@1": 9, "a@2": 1}}}, "ann")
    book.step(ONE, "canary", "a@2 fails", what="end")
    assert file.read_text() == text
    with pytest.raises(BadInput, match="nothing to roll back"):
        book.roll_back("ann")


def test_a_step_is_done_also_where_it_cannot_be_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk must not keep a bad version; that the file says otherwise is told."""
    book = RouteBook({}, file)
    book.change({"asr/default": {"a@1": 9, "a@2": 1}}, "ann")

    def full(*_: object) -> None:
        raise BadConfig("No space left on device")

    monkeypatch.setattr("gateway.routing.book.write", full)
    book.step(ONE, "canary", "a@2 fails", what="end")
    assert serves(book) == "a@1"
    assert "No space left" in book.fault


def test_a_change_leaves_an_audit_line(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Who, when, why, what it was, what it is: in the log and in a file of its own, which only its owner reads."""
    book = RouteBook({}, file)
    with caplog.at_level(logging.INFO, "parley.routes"):
        book.change(TWO, "ann", "v2 hears numbers")
    (line,) = caplog.records
    assert (line.by, line.before, line.after) == ("ann", ONE, TWO)  # type: ignore[attr-defined]
    (entry,) = book.change_log.last(9)
    assert entry.pop("at").endswith("Z")
    changes = {"asr/default": {"from": {"a@1": 1}, "to": {"a@2": 1}}}
    assert entry == {"what": "change", "by": "ann", "why": "v2 hears numbers", "changes": changes}
    assert file.with_name("routes.toml.audit").stat().st_mode & 0o077 == 0


def test_the_audit_file_is_bounded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is begun anew when it is full, and so many older ones stay; the newest lines are found across both."""
    monkeypatch.setattr("gateway.routing.change_log.LARGEST", 1000)
    book = RouteBook({}, file)
    for n in range(60):
        book.change({"asr/default": {f"a@{n + 2}": 1}}, f"ann {n}")
    files = sorted(file.parent.glob("routes.toml.audit*"))
    assert [each.name for each in files] == [f"routes.toml.audit{end}" for end in ("", ".1", ".2", ".3")]
    assert all(each.stat().st_size <= 1000 for each in files)
    assert [entry["by"] for entry in book.change_log.last(5)] == [f"ann {n}" for n in (59, 58, 57, 56, 55)]


def test_what_cannot_be_accounted_for_is_not_done(file: Path) -> None:
    """No audit line, no change."""
    file.with_name("routes.toml.audit").mkdir()
    book = RouteBook({}, file)
    with pytest.raises(BadConfig, match="noted"):
        book.change(TWO, "ann")
    assert serves(book) == "a@1"
    assert "a@1" in file.read_text()


def test_a_torn_audit_line_hides_no_other(file: Path) -> None:
    """The machine went down in the middle of one."""
    book = RouteBook({}, file)
    book.change(TWO, "ann")
    with file.with_name("routes.toml.audit").open("a") as trail:
        trail.write('{"at": "2026\n')
    book.roll_back("bo")
    assert [entry["by"] for entry in book.change_log.last(9)] == ["bo", "ann"]


@pytest.mark.parametrize("dies_at", range(6))
def test_a_crash_between_two_files_leaves_one_of_two_routes(
    file: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    """Before or after; a roll-back from there goes back, never forward, and is never lost."""
    book, writes = RouteBook({}, file), 0
    book.change(TWO, "ann")

    def dying(at: Path, text: str) -> None:
        nonlocal writes
        writes += 1
        if writes > dies_at:
            raise BadConfig("killed")
        write(at, text)

    monkeypatch.setattr("gateway.routing.book.write", dying)
    monkeypatch.setattr("gateway.routing.history.write", dying)
    with suppress(BadConfig):
        book.change({"asr/default": {"a@3": 1}}, "ann")
        book.roll_back("ann")
    monkeypatch.undo()
    again, seen = RouteBook({}, file), []
    assert serves(again) in ("a@2", "a@3")
    with suppress(BadInput):
        while True:
            again.roll_back("ann")
            seen.append(serves(again))
    assert seen in (["a@2", "a@1"], ["a@1"])
