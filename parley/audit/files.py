"""The files of one gateway's audit log: which there are, and where the chain stood last. Must not know who writes.

INSTANCE.000000000001.jsonl has its records from the first on, the next file goes on with its own first. INSTANCE.head
says which record was written last: that is how it shows that the end of a file is missing.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from parley.audit.chain import Link, Record, Seal, read
from parley.errors import BadConfig, BadInput

NAME = re.compile(r"(?P<instance>[A-Za-z0-9_-][A-Za-z0-9_.-]*)\.(?P<first>\d{12})\.jsonl")
INSTANCE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
LONGEST_LINE = 1 << 16


class ChainFiles:
    """One instance's files in a folder."""

    def __init__(self, folder: Path, instance: str) -> None:
        if not INSTANCE.fullmatch(instance):
            raise BadConfig(f"An audit log is not called {instance[:80]!r}; use letters, digits, dots and dashes.")
        self.folder, self.instance = folder, instance
        self.head, self.lock = folder / f"{instance}.head", folder / f"{instance}.lock"

    def all(self) -> list[Path]:
        """In the order of their records."""
        named = {path: NAME.fullmatch(path.name) for path in self.folder.glob("*.jsonl")}
        return sorted(path for path, name in named.items() if name and name["instance"] == self.instance)

    def beginning(self, number: int) -> Path:
        """The file whose first record has that number."""
        return self.folder / f"{self.instance}.{number:012}.jsonl"

    def read_head(self, seal: Seal) -> Link | None:
        """Which record was written last; None: there is no head. Raises ValueError where somebody has changed it."""
        try:
            number, digest, sealed = self.head.read_text("ascii", "replace").split()
        except FileNotFoundError:
            return None
        if not seal.fits(f"{number} {digest}".encode(), sealed):
            raise ValueError("it was changed, or written with another secret")
        return Link(int(number), digest)


def head(seal: Seal, link: Link) -> bytes:
    """What a head says: always as long, so that it is written in its place also where a disk is full."""
    said = f"{link.number:020} {link.hash}"
    return f"{said} {seal.of(said.encode())}\n".encode()


def instances(folder: Path) -> list[str]:
    """Whose records a folder has."""
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}; --folder names the one of `[audit] folder`.")
    names = filter(None, (NAME.fullmatch(path.name) for path in folder.glob("*.jsonl")))
    return sorted({name["instance"] for name in names} | {path.stem for path in folder.glob("*.head")})


def first_of(file: Path) -> int:
    """The number of its first record, by its name."""
    name = NAME.fullmatch(file.name)
    assert name
    return int(name["first"])


def lines(file: Path) -> Iterator[bytes]:
    """Each with its end, where it has one; of a line without end no more than the start."""
    with file.open("rb") as opened:
        while line := opened.readline(LONGEST_LINE):
            yield line


def last(file: Path, seal: Seal) -> tuple[Record | None, int]:
    """The last whole record, None where there is none, and how many bytes behind it are no whole one."""
    with file.open("rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        opened.seek(max(0, size - 2 * LONGEST_LINE))
        tail = opened.read()
    whole, _, torn = tail.rpartition(b"\n")
    if not whole and size > len(tail):
        raise ValueError("what it ends with is no record")
    if not whole:
        return None, len(torn)
    return read(seal, whole.rpartition(b"\n")[2]), len(torn)
