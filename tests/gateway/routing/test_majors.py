"""A MAJOR change needs a new alias; everything else goes on as before."""

from pathlib import Path
from typing import Any

import pytest

from gateway.routing.book import RouteBook
from parley.errors import BadInput


@pytest.fixture
def book(tmp_path: Path) -> RouteBook:
    (tmp_path / "routes.toml").write_text('["asr/default"]\n"mine@1.4.0" = 100\n')
    return RouteBook({}, tmp_path / "routes.toml")


@pytest.mark.parametrize("route", [{"mine@2.0.0": 100}, {"mine@1.4.0": 90, "mine@2.0.0": 10}])
def test_another_major_is_refused(book: RouteBook, route: dict[str, Any]) -> None:
    """All at once, or for a few; the sentence says what to do instead."""
    with pytest.raises(BadInput, match=r"have mine@1\.4\.0, and mine@2\.0\.0 is another MAJOR") as told:
        book.change({"asr/default": route}, "somebody")
    assert '`parley routes set asr/mine-2 "mine@2.0.0=100"`' in str(told.value)
    assert book.tables["asr/default"] == {"mine@1.4.0": 100}


@pytest.mark.parametrize(
    "changes",
    [
        {"asr/default": {"mine@1.5.0": 100}},
        {"asr/default": {"mine@1.4.0": 50, "mine@1.4.1-int8": 50}},
        {"asr/default": {"other@2.0.0": 100}},
        {"asr/default": {"mine@3": 100}},
        {"asr/default": {"mine@1.4.0": 100, "mine@2.0.0": 0}},
        {"asr/mine-2": {"mine@2.0.0": 100}},
    ],
)
def test_the_rest_is_not(book: RouteBook, changes: dict[str, Any]) -> None:
    """MINOR and PATCH, other models, versions that are names, shares of nothing, new aliases."""
    book.change(changes, "somebody")


def test_one_step_back_is_always_allowed(tmp_path: Path) -> None:
    """To where callers were before."""
    file = tmp_path / "routes.toml"
    file.write_text('["asr/default"]\n"mine@2.0.0" = 100\n')
    book = RouteBook({}, file)
    book.change({"asr/default": {"other@1": 100}}, "somebody")
    book.change({"asr/default": {"mine@1.0.0": 100}}, "somebody")
    book.roll_back("somebody")
    book.roll_back("somebody")
    assert book.tables["asr/default"] == {"mine@2.0.0": 100}
