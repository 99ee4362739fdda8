"""Routes files that tests change, and what a book then serves."""

import os
from pathlib import Path

import pytest

from gateway.routing.book import RouteBook
from gateway.routing.route import Asker

ONE, TWO = {"asr/default": {"a@1": 1}}, {"asr/default": {"a@2": 1}}


def serves(book: RouteBook) -> str:
    return str(book.router.pick("asr", "", Asker("k")).ref)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "routes.toml"
    path.write_text('["asr/default"]\n"a@1" = 1\n')
    return path


def rewrite(file: Path, text: str) -> None:
    """As an editor does: whole, a moment later."""
    file.write_text(text)
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1_000_000))
