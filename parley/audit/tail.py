"""The end of an audit log that is being written: found again at a start, appended to, begun anew as a file.

Blocking. What could not be written whole is taken back, so that a full disk leaves no half record. Must not know who
waits, nor what a record says.
"""

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parley.audit import files
from parley.audit.chain import Link, Seal, write
from parley.audit.config import AuditConfig
from parley.audit.files import ChainFiles
from parley.audit.verify import REMOVED
from parley.errors import BadConfig

log = logging.getLogger(__name__)
Facts = Mapping[str, object]
DAY = 10  # letters of a date
WRITTEN, READ_ONLY = 0o600, 0o400


class Tail:
    """The one process that writes an instance's records."""

    def __init__(self, chain: ChainFiles, seal: Seal, config: AuditConfig) -> None:
        self._chain, self._seal, self._config = chain, seal, config
        self._file: Path | None = None
        self._out, self._size, self._day = -1, 0, ""
        try:
            chain.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(chain.lock, os.O_RDWR | os.O_CREAT, 0o600)
            self._take_lock()
            self.cut = self._found_again()
            self._head = os.open(chain.head, os.O_RDWR | os.O_CREAT, 0o600)
            self._say_head()  # from now on it has its place, also on a full disk
        except OSError as error:
            raise BadConfig(
                f"The audit log in {chain.folder} cannot be written ({error.strerror}); set `audit.folder`."
            ) from None

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadConfig(
                f"Another gateway writes the audit log of {self._chain.instance!r}; give each its `audit.instance`."
            ) from None

    def _found_again(self) -> int:
        """Goes on where the last process stopped; how many bytes of a half record it left. Raises where it cannot."""
        self.link, cut = Link(), 0
        try:
            for file in reversed(self._chain.all()):
                found, cut = files.last(file, self._seal)
                if found:
                    self.link, self._day = found.link, str(found.facts["at"])[:DAY]
                    file.chmod(WRITTEN)  # killed between two files
                    self._open(file)
                    break
                file.unlink()  # begun, and without a whole record
            problem = _gap(self.link, self._chain.read_head(self._seal))
        except (ValueError, KeyError) as error:
            problem = f"its last record does not fit: {error}"
        self._is_torn, self._size = cut > 0, self._size - cut
        if problem:
            raise BadConfig(
                f"The audit log of {self._chain.instance!r} in {self._chain.folder} is not as it was left: {problem}. "
                "`parley audit verify` says more; move its files elsewhere to begin a new one."
            )
        return cut

    def _open(self, file: Path) -> None:
        self._file, self._out = file, os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, WRITTEN)
        self._size = os.fstat(self._out).st_size

    def append(self, batch: Sequence[Facts]) -> None:
        """All of them or none; raises OSError."""
        day = str(batch[-1]["at"])[:DAY]
        if self._file and (day != self._day or self._size >= self._config.file_bytes):
            self._begin_another()
        self._day = day
        if self._file is None:
            self._open(self._chain.beginning(self.link.number + 1))
            _sync(self._chain.folder)
        data, link = bytearray(), self.link
        for facts in batch:
            line, link = write(self._seal, link, facts)
            data += line
        self._write(data)
        self.link, self._size = link, self._size + len(data)
        self._say_head()

    def _say_head(self) -> None:
        os.pwrite(self._head, files.head(self._seal, self.link), 0)
        os.fsync(self._head)

    def _write(self, data: bytearray) -> None:
        """On the disk, or nowhere."""
        if self._is_torn:
            os.ftruncate(self._out, self._size)
        self._is_torn, done = True, 0
        with memoryview(data) as whole:
            while done < len(data):
                done += os.write(self._out, whole[done:])
        os.fsync(self._out)
        self._is_torn = False

    def _begin_another(self) -> None:
        assert self._file
        os.close(self._out)
        with contextlib.suppress(OSError):
            self._file.chmod(READ_ONLY)
        log.info("a file of the audit log is done", extra={"file": self._file.name, "last": str(self.link)})
        self._file = None

    def expired(self, at: str, now: float) -> list[Facts]:
        """Records of the files whose time is over, to be written before `remove` takes these away."""
        if not self._config.keep_days:
            return []
        oldest = time.strftime("%Y-%m-%d", time.gmtime(now - self._config.keep_days * 86_400))
        found: list[Facts] = []
        for file in self._chain.all():
            ended = self._ended(file) if file != self._file else None
            if ended is None or str(ended["at"])[:DAY] >= oldest:
                break
            found.append({"at": at, "event": REMOVED, "file": file.name} | ended["span"])
        return found

    def _ended(self, file: Path) -> dict[str, Any] | None:
        try:
            found, _ = files.last(file, self._seal)
        except (ValueError, KeyError):
            return None  # it was changed: it stays, for `parley audit verify`
        if found is None:
            return None
        span = {"from": files.first_of(file), "to": found.link.number, "last_hash": found.link.hash}
        return {"at": found.facts["at"], "span": span}

    def remove(self, expired: Sequence[Facts]) -> None:
        """Takes them away."""
        for each in expired:
            (self._chain.folder / str(each["file"])).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the files."""
        for each in (self._out, self._head, self._lock) if self._file else (self._head, self._lock):
            os.close(each)


def _sync(folder: Path) -> None:
    """The names in it, which a file's own sync leaves out."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _gap(link: Link, head: Link | None) -> str:
    """Why a chain cannot go on from there; empty: it can."""
    if head is None:
        return "its head is missing" if link.number else ""
    if head.number > link.number:
        return f"records {link.number + 1} to {head.number} are missing at the end"
    if head.number == link.number and head.hash != link.hash:
        return f"record {link.number} is another one"
    return ""
