"""What the page for newcomers says about the tree is so."""

import re

import pytest

from tests.contract.source import ROOT
from tests.contract.test_floors import FLOORS

TEXT = (ROOT / "docs/architecture.md").read_text("utf-8")
TOPS = ("protos", "parley", "services", "gateway", "loadtest", "models", "deploy", "tests", "docs")
PATHS = sorted(set(re.findall(rf"`((?:{'|'.join(TOPS)})/[\w/.<>-]*)`", TEXT)))
LINKS = re.findall(r"\]\(([\w/.-]+?)(?:#[\w-]+)?\)", TEXT)


@pytest.mark.parametrize("path", [path for path in PATHS if "<" not in path])
def test_every_path_exists(path: str) -> None:
    """A newcomer who opens what is named finds it."""
    assert (ROOT / path).exists()


def test_it_names_enough() -> None:
    """The pattern above has not gone blind, and links lead somewhere."""
    assert len(PATHS) > 30
    assert [link for link in LINKS if not (ROOT / "docs" / link).exists()] == []


@pytest.mark.parametrize("top", ["gateway", "loadtest"])
def test_the_floors_are_those_of_the_page(top: str) -> None:
    """From the top down, each in its row."""
    table = TEXT[TEXT.index("| gateway | parley | loadtest |") :].split("\n\n")[0].splitlines()
    column = [row.split("|")[1 + ("gateway", "parley", "loadtest").index(top)] for row in table[2:]]
    assert [tuple(re.findall(r"`(\w+)`", cell)) for cell in column if cell.strip()] == list(FLOORS[top])
