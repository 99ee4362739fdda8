"""The end of an audit log, after kills, on full disks, and where two want to write."""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parley.audit.tail import Tail
from parley.audit.writer import AuditWriter
from parley.errors import BadConfig
from tests.parley.audit.conftest import Log

MARCH_1 = 1_772_360_000.0


@contextmanager
def full(size: int) -> Iterator[None]:
    """No file grows beyond that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def until(writer: AuditWriter, fault: bool) -> None:
    """Until the writer has found out."""
    end = time.monotonic() + 10
    while bool(writer.fault) is not fault and time.monotonic() < end:
        os.sched_yield()
    assert bool(writer.fault) is fault


def test_a_half_record_of_a_process_that_was_killed_is_cut_off(log: Log) -> None:
    """The chain goes on behind the last whole one, and whoever goes on knows how much it was."""
    log.write(2)
    with log.files[-1].open("ab") as file:
        file.write(b'{"number":3,"at":"2026')
    assert log.verify().problem == ""  # as while it is being written
    tail = Tail(log.chain, log.seal, log.config)
    assert tail.cut == len(b'{"number":3,"at":"2026')
    tail.append([log.facts()])
    tail.close()
    assert (log.verify().problem, log.verify().records) == ("", 3)


def test_a_file_that_was_only_begun_is_begun_again(log: Log) -> None:
    """Killed between a new file and its first record."""
    log.write(2)
    log.files[-1].chmod(0o400)
    log.chain.beginning(3).write_bytes(b"")
    log.write(1)
    assert (log.verify().problem, log.verify().records) == ("", 3)


def test_records_that_the_head_does_not_know_yet_are_kept(log: Log) -> None:
    """Killed between the two writes."""
    log.write(1)
    old = log.chain.head.read_bytes()
    log.write(1)
    log.chain.head.write_bytes(old)
    assert (log.verify().problem, log.verify().records) == ("", 2)
    log.write(1)
    assert (log.verify().problem, log.verify().records) == ("", 3)


def test_two_gateways_do_not_write_one_chain(log: Log) -> None:
    """The second is told how to have its own."""
    tail = Tail(log.chain, log.seal, log.config)
    with pytest.raises(BadConfig, match="give each its"):
        Tail(log.chain, log.seal, log.config)
    tail.close()


def test_a_changed_end_is_not_gone_on_with(log: Log) -> None:
    """Whoever starts the gateway learns of it."""
    log.write(2)
    log.files[-1].chmod(0o600)
    log.files[-1].write_bytes(log.files[-1].read_bytes().replace(b"GET /2", b"GET /9"))
    with pytest.raises(BadConfig, match="its last record does not fit"):
        log.write()


def test_a_file_that_is_done_can_only_be_read(log: Log) -> None:
    """Also by the account that wrote it, short of changing its mode."""
    log.write(6)
    assert [file.stat().st_mode & 0o777 for file in log.files] == [*[0o400] * (len(log.files) - 1), 0o600]


def test_what_a_full_disk_does_not_take_is_written_once_there_is_room(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing half is left, nothing is lost that fits into the queue, and what does not is counted in the chain."""
    monkeypatch.setattr("parley.audit.writer.RETRY_S", 0.01)
    log.keep(file_bytes=1 << 20)
    log.write(1)
    writer = AuditWriter(Tail(log.chain, log.seal, log.config), 3, clock=lambda: MARCH_1)
    with full(log.files[-1].stat().st_size + 100):
        writer.put({"event": "call"})
        until(writer, fault=True)
        assert [writer.put({"event": "call"}) for _ in range(4)] == [True, True, False, False]
        assert log.verify().problem == ""
    until(writer, fault=False)
    writer.close()
    found = log.verify()
    assert (found.problem, found.records) == ("", 1 + 1 + 3)
    assert b'"event":"lost","records":2' in log.files[-1].read_bytes()


def test_what_waits_is_written_at_the_end(log: Log, tmp_path: Path) -> None:
    """A gateway that stops loses nothing."""
    writer = AuditWriter(Tail(log.chain, log.seal, log.config), most_waiting=5000)
    told = [writer.put({"event": "call", "call": str(n)}) for n in range(2000)]
    assert all(told)
    writer.close()
    assert (log.verify().problem, log.verify().records) == ("", 2000)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, log: Log) -> None:
    """Before anybody is served."""
    (tmp_path / "file").write_text("")
    log.chain.folder = tmp_path / "file"
    with pytest.raises(BadConfig, match=r"set `audit\.folder`"):
        Tail(log.chain, log.seal, log.config)
