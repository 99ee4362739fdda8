"""The text of a routes file, changed in place."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.document import parsed, rewritten

NAMES = st.text(min_size=1, max_size=8)
WEIGHTS = st.dictionaries(NAMES, st.integers(0, 100), min_size=1, max_size=3)
RULES = st.lists(st.dictionaries(st.sampled_from(["to", "key", "header"]), st.text(max_size=5), min_size=1), max_size=2)
FULL = st.fixed_dictionaries({"versions": WEIGHTS}, optional={"rules": RULES, "sticky": NAMES, "shadow": WEIGHTS})
TABLES = st.dictionaries(NAMES, WEIGHTS | FULL, max_size=4)


@given(TABLES, TABLES)
def test_what_is_written_is_what_is_read(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Whatever the file said before, any reader of TOML finds the new routes in it."""
    text = rewritten(rewritten("", before), after)
    assert parsed(text) == tomllib.loads(text) == after


@given(TABLES)
def test_nothing_changed_is_nothing_written(tables: dict[str, Any]) -> None:
    """The text stays the same, byte for byte."""
    text = "# Ann decides.\n" + rewritten("", tables)
    assert rewritten(text, tables) == text
