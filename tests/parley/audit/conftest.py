"""An audit log with a clock that a test sets."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from parley.audit.chain import Link, Seal
from parley.audit.config import AuditConfig
from parley.audit.files import ChainFiles
from parley.audit.tail import Facts, Tail
from parley.audit.verify import Verdict, verify

SECRET = "a secret of thirty-two letters at least"


class Log:
    """One instance's log, opened and closed as a gateway does it."""

    def __init__(self, folder: Path) -> None:
        self.config = AuditConfig(folder=str(folder), keep_days=0, file_bytes=600)
        self.chain, self.seal, self.day = ChainFiles(folder, "here"), Seal(SECRET), 1
        self.said = 0
        self.more: Facts = {}

    def write(self, records: int = 1) -> Link:
        """So many records, one after the other, by a process of its own."""
        tail = Tail(self.chain, self.seal, self.config)
        for _ in range(records):
            tail.append([self.facts()])
        tail.close()
        return tail.link

    def facts(self) -> Facts:
        self.said += 1
        return {"at": f"2026-03-{self.day:02}T10:00:00.000Z", "event": "call", "call": f"GET /{self.said}"} | dict(
            self.more
        )

    def keep(self, **changed: int) -> None:
        self.config = replace(self.config, **changed)  # type: ignore[arg-type]

    @property
    def files(self) -> list[Path]:
        return self.chain.all()

    def verify(self, noted: Link | None = None, seal: Seal | None = None) -> Verdict:
        return verify(self.chain, seal or self.seal, noted)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    written = Log(tmp_path)
    yield written
    for file in written.files:
        file.chmod(0o600)
