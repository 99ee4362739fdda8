"""A folder, a wheel or a zip -> every file in it. Must not know what the files are, nor a network."""

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from parley.errors import BadInput

PIECE = 1 << 20


class Members(Protocol):
    """Files, by their paths as POSIX writes them."""

    where: str
    sizes: dict[str, int]

    def read(self, path: str) -> Iterator[bytes]:
        """One of them, in pieces."""


def members(source: Path) -> Members:
    """What a folder or an archive has."""
    if source.is_dir():
        return FolderMembers(source)
    if source.is_file() and zipfile.is_zipfile(source):
        return ArchiveMembers(source)
    what = "is no wheel or zip" if source.exists() else "does not exist"
    raise BadInput(f"{source} {what}; name a folder, a wheel, a zip or an http(s) address.")


class FolderMembers:
    """The folder, and all folders below it."""

    def __init__(self, source: Path) -> None:
        self.folder, self.where = source, str(source)
        found = [path for path in sorted(source.rglob("*")) if path.is_file()]
        self.sizes = {path.relative_to(source).as_posix(): path.stat().st_size for path in found}

    def read(self, path: str) -> Iterator[bytes]:
        """One of them, in pieces."""
        with (self.folder / path).open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


class ArchiveMembers:
    """What a wheel or a zip has packed. Links are no files."""

    def __init__(self, source: Path) -> None:
        self._source, self.where = source, str(source)
        with _opened(source) as archive:
            there = [each for each in archive.infolist() if not each.is_dir() and not _is_link(each)]
        self._members = {str(PurePosixPath(each.filename)): each for each in there}
        self.sizes = {name: each.file_size for name, each in self._members.items()}

    def read(self, path: str) -> Iterator[bytes]:
        """No more than its header says, whatever is packed; its checksum is the archive's affair."""
        with _opened(self._source) as archive, archive.open(self._members[path]) as packed:
            while piece := packed.read(PIECE):
                yield piece


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise BadInput(f"{source} cannot be unpacked ({error}); get the file again.") from None


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)
