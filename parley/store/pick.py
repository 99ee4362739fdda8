"""The files of one model out of what holds them, each with its sha256. Must not know where they come from.

A file is found by its name, by its parts (model.bin.part1, ...), or by its sum where it is called otherwise there.
"""

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from parley.errors import BadInput, OtherBytes
from parley.store.files import check_disk, check_size
from parley.store.members import FolderMembers, Members
from parley.store.parts import wholes

OR = "|"  # between names of which one will do: publishers call some files differently
AHEAD = 4  # pieces that are unpacked before their sum is taken and they are written
MOST_HASHED = 64  # files of a folder that are looked into for a sum


@dataclass(frozen=True)
class Member:
    """A file, and what holds it."""

    held: Members
    path: str

    @property
    def size(self) -> int:
        """Bytes."""
        return self.held.sizes[self.path]


def names(wanted: str) -> list[str]:
    """Those that will do."""
    return wanted.split(OR)


def pick(held: Sequence[Members], wanted: Mapping[str, str], out: Path, most_bytes: int) -> dict[str, str]:
    """Copies the files into `out`; gives their names with their sums. A wanted sum may be empty: not known."""
    found = dict(_found(held, each, total) for each, total in wanted.items())
    where = " and ".join(each.where for each in held)
    size = sum(member.size for choices in found.values() for pieces in choices for member in pieces)
    check_size(size, most_bytes, where)
    check_disk(size, out)
    sums = {name: total for each, total in wanted.items() for name in names(each) if name in found}
    return {name: _copied(choices, out / name, sums[name], where) for name, choices in found.items()}


def _found(held: Sequence[Members], wanted: str, total: str) -> tuple[str, list[list[Member]]]:
    """A name, and the ways to make that file: each a list of pieces to be joined."""
    where, by_name = " and ".join(each.where for each in held), _by_name(held)
    joined = wholes(by_name, where)
    for name in names(wanted):
        if name in by_name:
            return name, [[member] for member in by_name[name]]
        if name in joined:
            return name, [[_only(by_name[piece], where) for piece in joined[name]]]
    alike = [member for member in _small_folders(held) if total and _sum(member.held.read(member.path)) == total]
    if alike:
        return names(wanted)[0], [alike[:1]]
    raise BadInput(f"{where} lacks {wanted.replace(OR, ' or ')}; get it from where the weights come from.")


def _by_name(held: Sequence[Members]) -> dict[str, list[Member]]:
    found: dict[str, list[Member]] = defaultdict(list)
    for each in held:
        for path in each.sizes:
            found[PurePosixPath(path).name].append(Member(each, path))
    return dict(found)


def _small_folders(held: Sequence[Members]) -> Iterator[Member]:
    for each in held:
        if isinstance(each, FolderMembers) and len(each.sizes) <= MOST_HASHED:
            yield from (Member(each, path) for path in each.sizes)


def _only(members: Sequence[Member], where: str) -> Member:
    if len(members) > 1:
        raise BadInput(f"{where} holds {len(members)} files {PurePosixPath(members[0].path).name}; name one folder.")
    return members[0]


def _copied(choices: Sequence[Sequence[Member]], path: Path, total: str, where: str) -> str:
    """Written once, and its sum taken on the way."""
    if len(choices) > 1 and not total:
        raise BadInput(f"{where} holds {len(choices)} files {path.name}; name the folder of one.")
    found = ""
    for pieces in choices:
        found = _written(pieces, path)
        if found == (total or found):
            return found
    path.unlink()
    failure = f"is another file than was meant: its sha256 is {found}, not {total}"
    raise OtherBytes(f"{path.name} of {where} {failure}.")


def _written(pieces: Sequence[Member], path: Path) -> str:
    """Unpacked by this thread, its sum taken by another, written by a third: none of them holds the others up."""
    digest = hashlib.sha256()
    with path.open("wb") as file, ThreadPoolExecutor(1) as summing, ThreadPoolExecutor(1) as writing:
        behind: deque[Sequence[Future[Any]]] = deque()
        for each in pieces:
            for data in each.held.read(each.path):
                behind.append((summing.submit(digest.update, data), writing.submit(file.write, data)))
                if len(behind) > AHEAD:
                    _done(behind.popleft())
        for left in behind:
            _done(left)
    return digest.hexdigest()


def _done(steps: Sequence[Future[Any]]) -> None:
    for step in steps:
        step.result()  # raises what it could not do


def _sum(data: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in data:
        digest.update(piece)
    return digest.hexdigest()
