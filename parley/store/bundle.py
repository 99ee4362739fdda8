"""A version as one file, for places without a network: written here, checked and unpacked there. Must not know a stage.

A tar archive without compression (weights do not get smaller). Its first member is a list of the others with their
sums; nothing is unpacked that is not in the list, and nothing that has another sum.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from parley import config
from parley.engines import files
from parley.engines.model import FILE, SHA256, ModelRef, read_spec
from parley.errors import BadConfig, BadInput
from parley.store.files import check_disk

FORMAT, LIST, SUFFIX = 1, "parley-model.json", ".parley"
LARGEST_LIST, MOST_FILES, PIECE = 1 << 20, 200, 1 << 20


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What the list says of one file."""

    name: str
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if not FILE.fullmatch(self.name) or ".." in self.name or self.bytes < 0 or not SHA256.fullmatch(self.sha256):
            raise BadConfig(f"`files` has {self.name!r}, which no model has.")


@dataclass(frozen=True, kw_only=True)
class Contained:
    """The list."""

    format: int
    stage: str
    model: str
    files: tuple[Packed, ...]


def write(folder: Path, out: Path) -> str:
    """One file with everything of a version, whose own files must be what model.toml says; its sha256."""
    spec = read_spec(folder)
    names = sorted(path.name for path in folder.iterdir() if FILE.fullmatch(path.name))
    packed = [_packed(folder / name) for name in names]
    for each in packed:
        if each["sha256"] != spec.files.get(each["name"], each["sha256"]):
            raise BadInput(f"{folder / each['name']} is not the file that model.toml declares; restore it.")
    check_disk(sum(each["bytes"] for each in packed), out.parent)
    whole = out.with_name(f"{out.name}.{os.getpid()}.part")
    try:
        with tarfile.open(whole, "w", format=tarfile.PAX_FORMAT) as archive:
            listed = {"format": FORMAT, "stage": spec.stage, "model": str(spec.ref), "files": packed}
            _add(archive, LIST, io.BytesIO(json.dumps(listed, indent=1).encode()))
            for name in names:
                with files.opened(folder / name) as file:
                    _add(archive, name, file)
        whole.replace(out)
    except OSError as error:
        raise BadInput(f"{out} cannot be written ({error.strerror}); name another file, or make room.") from None
    finally:
        whole.unlink(missing_ok=True)
    return sum_of(out)


def _packed(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with files.opened(path) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
        return {"name": path.name, "bytes": os.fstat(file.fileno()).st_size, "sha256": digest.hexdigest()}


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)  # neither owner nor time: the same version gives the same file
    member.size, member.mode = file.seek(0, os.SEEK_END), 0o644
    file.seek(0)
    archive.addfile(member, file)


def sum_of(path: Path) -> str:
    """Of a whole file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[tuple[Contained, tarfile.TarFile]]:
    """What a file says that it contains."""
    try:
        with tarfile.open(path, "r:") as archive:
            yield _contained(archive, path), archive
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadInput(f"{path} cannot be read ({error}); get the file again.") from None


def _contained(archive: tarfile.TarFile, path: Path) -> Contained:
    first = archive.next()
    if first is None or first.name != LIST or not first.isreg() or first.size > LARGEST_LIST:
        raise BadInput(f"{path} is no exported model; `parley models export` makes one.")
    file = archive.extractfile(first)
    assert file
    try:
        listed = config.build(Contained, json.loads(file.read()))
    except (ValueError, BadConfig) as error:
        raise BadInput(f"{path} has a list of files that cannot be read: {error}") from None
    if listed.format != FORMAT or len(listed.files) > MOST_FILES or not listed.stage.isidentifier():
        raise BadInput(f"{path} is of another Parley (format {listed.format}); this one reads format {FORMAT}.")
    ModelRef.of(listed.model)
    return listed


def unpack(archive: tarfile.TarFile, listed: Contained, out: Path, where: Path) -> None:
    """Every file of the list, with the sum that it has there, and nothing else."""
    check_disk(sum(each.bytes for each in listed.files), out)
    expected = {each.name: each for each in listed.files}
    while (member := archive.next()) is not None:
        packed = expected.pop(member.name, None)
        if packed is None or not member.isreg() or member.size != packed.bytes:
            raise BadInput(f"{where} holds {member.name!r}, which its list does not have so; export the model again.")
        file = archive.extractfile(member)
        assert file
        if _copy(file, out / packed.name) != packed.sha256:
            raise BadInput(f"{packed.name} in {where} has changed on its way: its sha256 differs; get the file again.")
    if expected:
        raise BadInput(f"{where} lacks {', '.join(expected)}; it is cut short: get the file again.")
    spec = read_spec(out)
    if (spec.stage, str(spec.ref)) != (listed.stage, listed.model):
        raise BadInput(f"{where} says {listed.stage} {listed.model}, and its model.toml {spec.stage} {spec.ref}.")
    for name, total in spec.files.items():
        if name not in {each.name for each in listed.files if each.sha256 == total}:
            raise BadInput(f"{where} lacks the {name} that its model.toml declares; export the model again.")


def _copy(source: IO[bytes], path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("xb") as file:
        while piece := source.read(PIECE):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def check_sum(path: Path, wanted: str) -> None:
    """Refuse a file that is another one than whoever exported it has told."""
    found = sum_of(path)
    if wanted and found != wanted.lower():
        raise BadInput(f"{path} is another file than was meant: its sha256 is {found}, not {wanted}.")
