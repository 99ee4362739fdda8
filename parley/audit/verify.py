"""Whether an audit log is as it was written, and which record is the first that does not fit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from parley.audit.chain import NOTHING, Link, Record, Seal, read
from parley.audit.files import ChainFiles, first_of, lines

REMOVED = "removed"  # the event of a file whose time was over


@dataclass
class Verdict:
    """What was found of one instance's records."""

    instance: str
    records: int = 0
    first: int = 0
    last: Link = field(default_factory=Link)
    problem: str = ""  # empty: all of them fit


class _Misfit(Exception):
    """Something does not fit; says where."""


def verify(files: ChainFiles, seal: Seal, noted: Link | None = None) -> Verdict:
    """Reads every record; `noted` is one that was seen earlier, and must still be there."""
    verdict = Verdict(files.instance)
    try:
        _Verification(files, seal, verdict, noted).run()
    except _Misfit as misfit:
        verdict.problem = str(misfit)
    return verdict


class _Verification:
    """One pass over the files."""

    def __init__(self, files: ChainFiles, seal: Seal, verdict: Verdict, noted: Link | None) -> None:
        self._files, self._seal, self._verdict, self._noted = files, seal, verdict, noted
        self._start = Link()  # what came before the first record that is there
        self._removed: set[tuple[int, str]] = set()

    def run(self) -> None:
        """The head is read first: a gateway that writes meanwhile only adds."""
        head = self._head()
        for file in self._files.all():
            self._file(file, head)
        self._check_start()
        self._check_end(head)
        if self._noted:
            raise _Misfit(f"record {self._noted.number}, which was noted, is not there")

    def _head(self) -> Link:
        try:
            found = self._files.read_head(self._seal)
        except ValueError as error:
            raise _Misfit(f"{self._files.head.name} cannot be relied on: {error}") from None
        if found is None:
            raise _Misfit(f"{self._files.head.name} is missing, which says what was written last")
        return found

    def _file(self, file: Path, head: Link) -> None:
        if self._verdict.last.number and first_of(file) != self._verdict.last.number + 1:
            raise _Misfit(_missing(self._verdict.last.number + 1, first_of(file) - 1, f"before {file.name}"))
        try:
            for number, line in enumerate(self._lines(file, head), 1):
                self._take(self._read(file, number, line), f"{file.name}, line {number}")
        except FileNotFoundError:
            raise _Misfit(f"{file.name} was removed while it was being read; verify again") from None

    def _lines(self, file: Path, head: Link) -> Iterator[bytes]:
        for line in lines(file):
            if line.endswith(b"\n"):
                yield line[:-1]
            elif head.number > self._verdict.last.number or file != self._files.all()[-1]:
                number = self._verdict.last.number + 1
                raise _Misfit(f"record {number} is not whole: {file.name} was cut off there")

    def _read(self, file: Path, number: int, line: bytes) -> Record:
        try:
            return read(self._seal, line)
        except (ValueError, KeyError) as error:
            expected = self._verdict.last.number + 1 if self._verdict.records else first_of(file)
            raise _Misfit(f"record {expected} ({file.name}, line {number}) does not fit: {error}") from None

    def _take(self, record: Record, where: str) -> None:
        verdict, number = self._verdict, record.link.number
        if not verdict.records:
            self._start, verdict.first = Link(number - 1, record.before), number
        elif number != verdict.last.number + 1:
            raise _Misfit(_missing(verdict.last.number + 1, number - 1, f"before {where}"))
        elif record.before != verdict.last.hash:
            raise _Misfit(f"record {number} ({where}) does not follow record {number - 1}: that is another one")
        if record.facts.get("event") == REMOVED:
            self._removed.add((record.facts["to"], record.facts["last_hash"]))
        if self._noted == record.link:
            self._noted = None
        verdict.records, verdict.last = verdict.records + 1, record.link

    def _check_start(self) -> None:
        start = self._start
        if start == Link(0, NOTHING) or (start.number, start.hash) in self._removed:
            self._noted = None if self._noted and self._noted.number <= start.number else self._noted
            return
        raise _Misfit(_missing(1, start.number, "and no record says that they were removed when their time was over"))

    def _check_end(self, head: Link) -> None:
        last = self._verdict.last
        if head.number > last.number:
            raise _Misfit(_missing(last.number + 1, head.number, "at the end"))
        if head.number == last.number and head.hash != last.hash:
            raise _Misfit(f"record {last.number} is another one than {self._files.head.name} says")


def _missing(first: int, last: int, where: str) -> str:
    if last < first:
        return f"record {first} is not where it belongs, {where}"
    return f"record {first} is missing, {where}" if first == last else f"records {first} to {last} are missing, {where}"
