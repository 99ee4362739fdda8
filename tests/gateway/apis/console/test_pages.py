"""The pages as files, without a browser."""

import gzip
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gateway.apis.console.pages import ASSETS

PAGES = ("/", "/tracks", "/console", "/docs")
ALL = sorted(path for path in ASSETS.rglob("*") if path.is_file())
FILES = [path for path in ALL if path.parent.name != "vendor"]
MOST_BYTES = 300_000  # compressed, all together


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_no_script_but_ours(client: TestClient, path: str) -> None:
    """The policy allows nothing inline and nothing from elsewhere; the page has nothing of the kind."""
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy
    assert not re.search(
        r"<script(?![^>]*\bsrc=\"/assets/)|<style|\son\w+=|\sstyle=|(src|href)=\"(https?:)?//", answer.text
    )


def test_nothing_is_loaded_from_elsewhere() -> None:
    """It works without a network."""
    for path in FILES:
        lines = [line for line in path.read_text("utf-8").splitlines() if "www.w3.org" not in line]
        assert not re.search(r"(import|from|fetch\(|url\()\s*[\"'(]?https?://", "\n".join(lines)), path.name


def test_everything_together_is_small() -> None:
    """A page is there at once, on a telephone too."""
    assert sum(len(gzip.compress(path.read_bytes())) for path in ALL) < MOST_BYTES


def test_every_asset_that_is_named_is_there(client: TestClient) -> None:
    """No page and no module names a file that is not served."""
    for path in FILES:
        for name in re.findall(r"[\"'](/assets/[\w./-]+\.\w+|\./[\w./-]+\.\w+)[\"']", path.read_text("utf-8")):
            found = name if name.startswith("/") else f"/assets/{(path.parent / name).resolve().relative_to(ASSETS)}"
            assert client.get(found).status_code == 200, f"{path.name}: {name}"


@pytest.mark.parametrize(
    "path", ["/assets/../pages.py", "/assets/%2e%2e/pages.py", "/assets/none.js", "/assets/recordings/../../README.md"]
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    """No path leads out of the folder."""
    assert client.get(path).status_code == 404


def test_a_text_that_is_named_exists() -> None:
    """Every text that a page or a module asks for stands in both languages."""
    texts = {path.stem: path.read_text("utf-8") for path in (ASSETS / "strings").iterdir()}
    code = "".join(path.read_text("utf-8") for path in FILES if path.parent == ASSETS)
    named = set(re.findall(r"data-(?:text|label)=\"([\w-]+)\"|\btext\(\"([\w-]+)\"", code))
    for name in {one or other for one, other in named}:
        for tag, said in texts.items():
            assert re.search(rf"^  \"?{re.escape(name)}\"?: ", said, re.MULTILINE), f"{tag}: {name}"


def test_modules_are_small() -> None:
    """A stranger finds the place for a change in a minute."""
    longest = {path.name: len(path.read_text("utf-8").splitlines()) for path in FILES if path.suffix == ".js"}
    assert {name for name, lines in longest.items() if lines > 300} == set()


def test_an_unchanged_asset_is_not_sent_again(client: TestClient) -> None:
    """The browser asks, and is told that what it has is right."""
    path = Path("/assets/style.css").as_posix()
    tag = client.get(path).headers["etag"]
    assert client.get(path, headers={"if-none-match": tag}).status_code == 304
