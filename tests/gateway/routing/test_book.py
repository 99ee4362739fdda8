"""Routes that change."""

from pathlib import Path

import pytest

from gateway.routing.book import RouteBook
from parley.errors import BadConfig, BadInput, NotFound
from tests.gateway.routing.conftest import ONE, TWO, rewrite, serves


def test_the_file_goes_before_the_config(file: Path) -> None:
    """Where there is a file its routes count; where there is none yet, the config's do."""
    assert serves(RouteBook(TWO, file)) == "a@1"
    assert serves(RouteBook(TWO, file.with_name("none.toml"))) == "a@2"


def test_a_change_of_the_file_is_heeded(file: Path) -> None:
    """The next asker gets what the file says now."""
    book = RouteBook({}, file)
    rewrite(file, '["asr/default"]\n"a@2" = 1\n')
    book.look()
    assert serves(book) == "a@2"


@pytest.mark.parametrize("text", ["what?", '["asr/default"]\n"a" = 1\n', '["asr/default"]\n'])
def test_a_bad_file_changes_nothing_and_says_why(file: Path, text: str) -> None:
    """The routes stay; the reason stands in the status until the file is good again."""
    book = RouteBook({}, file)
    rewrite(file, text)
    book.look()
    assert serves(book) == "a@1"
    assert "asr/default" in book.fault or str(file) in book.fault
    rewrite(file, '["asr/default"]\n"a@2" = 1\n')
    book.look()
    assert (serves(book), book.fault) == ("a@2", "")


def test_a_file_that_is_bad_at_the_start_stops_the_start(file: Path) -> None:
    """There are no routes to stay with."""
    rewrite(file, "what?")
    with pytest.raises(BadConfig):
        RouteBook({}, file)


def test_a_change_is_written_and_can_be_rolled_back(file: Path) -> None:
    """Also after a restart."""
    full = {"versions": {"a@2": 1}, "rules": [{"header": 'x="y"', "to": "a@1"}], "fallback": ["a@1"]}
    RouteBook({}, file).change({"asr/default": full}, "ann")
    again = RouteBook({}, file)
    assert serves(again) == "a@2"
    assert again.tables["asr/default"] == full
    again.roll_back("ann")
    assert serves(RouteBook({}, file)) == "a@1"


def test_comments_and_order_of_an_operator_are_kept(file: Path) -> None:
    """A change touches what it changes; rolling back gives the file as it was, byte for byte."""
    text = """# Ann decides.

["asr/german"]   # Berlin's
"b@1" = 1

["asr/default"]
# a canary since Monday
versions = {"a@1" = 90, "a@2" = 10}  # percent
sticky = "user"
"""
    file.write_text(text)
    book = RouteBook({}, file)
    book.change({"asr/default": {"versions": {"a@1": 90, "a@2": 20}, "sticky": "user"}}, "ann")
    assert file.read_text() == text.replace("10}", "20}")
    book.change({"asr/small": {"c@1": 1}}, "ann")
    assert file.read_text() == text.replace("10}", "20}") + '\n["asr/small"]\n"c@1" = 1\n'
    RouteBook({}, file).roll_back("ann")
    assert file.read_text() == text.replace("10}", "20}")


def test_comments_outlive_a_bad_edit(file: Path) -> None:
    """What is rewritten is the last text that was obeyed."""
    rewrite(file, '# Ann decides.\n["asr/default"]\n"a@1" = 1\n')
    book = RouteBook({}, file)
    rewrite(file, "what?")
    book.look()
    book.change(TWO, "ann")
    assert file.read_text() == '# Ann decides.\n["asr/default"]\n"a@2" = 1\n'


def test_a_bad_change_is_refused(file: Path) -> None:
    """The caller is told, nothing is written."""
    book, before = RouteBook({}, file), file.read_text()
    with pytest.raises(BadInput):
        book.change({"asr/default": {"nano": 1}}, "ann")
    with pytest.raises(BadInput, match="null"):
        book.change({"asr/default": {"versions": {"a@2": 1}, "rules": [{"key": None, "to": "a@1"}]}}, "ann")
    with pytest.raises(NotFound):
        book.change({"asr/none": None}, "ann")
    assert (serves(book), file.read_text()) == ("a@1", before)


def test_without_a_file_a_change_is_refused() -> None:
    """It would be lost at the next start, in silence."""
    book = RouteBook(ONE, None)
    with pytest.raises(BadInput, match="routes_file"):
        book.change(TWO, "ann")
    with pytest.raises(BadInput, match="routes_file"):
        book.roll_back("ann")
    assert serves(book) == "a@1"


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """Read-only mounts are named, and nothing changes."""
    book = RouteBook(ONE, tmp_path / "none" / "routes.toml")
    with pytest.raises(BadConfig, match="writable"):
        book.change(TWO, "ann")
    assert serves(book) == "a@1"
