"""FOLDER, WHEEL or URL, or several -> the files of one model in a folder. Must not know what kind of model it is."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit, urlunsplit

from parley.errors import BadInput
from parley.store import files
from parley.store.contents import KNOWN, VOCABULARIES, WEIGHTS
from parley.store.download import Downloads, WantedFile, missing

ARCHIVES = (".whl", ".zip")
SUM = "sha256="  # behind an archive's address, as pip has it: #sha256=...


def is_address(source: str) -> bool:
    """Whether it must be fetched."""
    return "://" in source


def obtain(sources: Sequence[str], out: Path, incoming: Path, most_bytes: int, downloads: Downloads) -> None:
    """Put a model's files into a folder; `incoming` keeps what came of an address that broke off."""
    files.gather([_local(source, incoming, most_bytes, downloads) for source in sources], out, most_bytes)


def _local(source: str, incoming: Path, most_bytes: int, downloads: Downloads) -> Path:
    """Where a source's files lie, fetched if need be."""
    if not is_address(source):
        return Path(source).expanduser()
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{source} cannot be fetched; write an http(s) address.")
    if PurePosixPath(parts.path).suffix in ARCHIVES:
        return archive(source, incoming, most_bytes, downloads)
    _folder(source, incoming, most_bytes, downloads)
    return incoming


def archive(source: str, incoming: Path, most_bytes: int, downloads: Downloads) -> Path:
    """The wheel or zip at an address, fetched."""
    parts = urlsplit(source)
    path = incoming / PurePosixPath(parts.path).name
    given = parts.fragment.removeprefix(SUM) if parts.fragment.startswith(SUM) else ""
    if not path.exists() and downloads.fetch(WantedFile(bare(source), path, most_bytes, given)) is None:
        raise missing(source)
    return path


def _folder(source: str, incoming: Path, most_bytes: int, downloads: Downloads) -> None:
    """Every file by its name: lists of files look different everywhere."""
    left, found = most_bytes, list[str]()
    for name in KNOWN:
        path = incoming / name
        if name == WEIGHTS:
            if not found:
                raise missing(source)
            files.check([*found, name], source)  # before the large one
        if name in VOCABULARIES and set(found) & set(VOCABULARIES):
            continue
        if path.exists() or downloads.fetch(WantedFile(inside(source, name), path, left)) is not None:
            found.append(name)
            left -= path.stat().st_size
    files.check(found, source)


def bare(source: str) -> str:
    """An address without what stands behind its #."""
    return urlunsplit(urlsplit(source)._replace(fragment=""))


def inside(source: str, name: str) -> str:
    """The address of a file in a folder."""
    parts = urlsplit(source)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}", fragment=""))
