"""Whatever is done to an audit log is found, and named."""

from pathlib import Path

import pytest

from parley.audit.chain import Link, Seal, write
from parley.audit.files import head
from parley.audit.tail import Tail
from parley.errors import BadConfig
from tests.parley.audit.conftest import SECRET, Log


def edit(file: Path, lines: list[bytes]) -> None:
    file.chmod(0o600)
    file.write_bytes(b"".join(lines))


def lines_of(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def test_records_of_several_files_and_processes_are_one_chain(log: Log) -> None:
    """A restart and another file break nothing."""
    log.write(4)
    last = log.write(4)
    found = log.verify()
    assert (found.problem, found.records, found.first, found.last) == ("", 8, 1, last)
    assert len(log.files) > 2


def test_a_record_that_was_changed_is_named(log: Log) -> None:
    """One letter is enough."""
    log.write(6)
    file = log.files[1]
    first = int(file.name.split(".")[1])
    edit(file, [line.replace(b"GET /", b"PUT /") if n == 1 else line for n, line in enumerate(lines_of(file))])
    assert f"record {first + 1} ({file.name}, line 2) does not fit: its hash" in log.verify().problem


@pytest.mark.parametrize(("at", "said"), [(0, "record 1 is missing"), (1, "record 2 is missing, before")])
def test_a_record_that_was_taken_out_is_missed(log: Log, at: int, said: str) -> None:
    """By the one that follows; at the very start by its number."""
    log.write(6)
    kept = lines_of(log.files[0])
    edit(log.files[0], kept[:at] + kept[at + 1 :])
    assert said in log.verify().problem


def test_two_records_that_changed_places_are_found(log: Log) -> None:
    """Each fits by itself."""
    log.write(3)
    first, second, *others = lines_of(log.files[0])
    edit(log.files[0], [second, first, *others])
    assert log.verify().problem


def test_a_file_between_two_others_that_is_gone_is_a_gap(log: Log) -> None:
    """Its records are named."""
    log.write(9)
    _, gone, after, *_ = log.files
    first, next_ = (int(each.name.split(".")[1]) for each in (gone, after))
    gone.unlink()
    assert f"records {first} to {next_ - 1} are missing, before {after.name}" in log.verify().problem


def test_the_first_file_that_is_gone_without_a_record_of_that_is_missed(log: Log) -> None:
    """Nobody's time was over."""
    log.write(9)
    log.files[0].unlink()
    assert "no record says that they were removed" in log.verify().problem


@pytest.mark.parametrize("bytes_", [1, 10, 400])
def test_an_end_that_was_cut_off_is_found(log: Log, bytes_: int) -> None:
    """Amid a record or between two; and no gateway goes on there as if nothing were."""
    log.write(3)
    whole = log.files[-1].read_bytes()
    log.files[-1].chmod(0o600)
    log.files[-1].write_bytes(whole[:-bytes_] if bytes_ < 400 else b"".join(whole.splitlines(keepends=True)[:-1]))
    assert ("is missing, at the end" in log.verify().problem) or ("was cut off" in log.verify().problem)
    with pytest.raises(BadConfig, match="missing at the end"):
        log.write()


def test_files_that_are_all_gone_are_missed(log: Log) -> None:
    """The head remembers them."""
    log.write(3)
    for file in log.files:
        file.unlink()
    assert log.verify().problem == "records 1 to 3 are missing, at the end"


def test_without_the_head_nobody_can_say(log: Log) -> None:
    """So that is a problem of its own."""
    log.write(3)
    log.chain.head.unlink()
    assert "head is missing" in log.verify().problem
    with pytest.raises(BadConfig, match="its head is missing"):
        log.write()


def test_who_has_no_secret_cannot_write_a_record_that_fits(log: Log) -> None:
    """Neither a record nor a head."""
    last = log.write(2)
    line, forged = write(Seal("another secret of thirty-two letters"), last, log.facts())
    log.files[-1].chmod(0o600)
    with log.files[-1].open("ab") as file:
        file.write(line)
    assert "record 3" in log.verify().problem
    log.chain.head.write_bytes(head(Seal(), forged))
    assert "cannot be relied on" in log.verify().problem


def test_an_older_state_of_all_files_is_found_by_a_record_that_was_noted(log: Log, tmp_path: Path) -> None:
    """Whoever puts a copy back that fits by itself lacks what was noted elsewhere since."""
    log.write(2)
    copy = {file: file.read_bytes() for file in [*log.files, log.chain.head]}
    noted = log.write(2)
    assert log.verify(Link.of(str(noted))).problem == ""
    for file in log.files:
        file.unlink()
    for file, data in copy.items():
        file.write_bytes(data)
    assert log.verify().problem == ""
    assert "record 4, which was noted, is not there" in log.verify(Link.of(str(noted))).problem


def test_a_secret_can_be_replaced(log: Log) -> None:
    """The new one writes, the old one still fits what it wrote."""
    log.write(2)
    new = "a new secret as long as the one before it"
    log.seal = Seal(f"{new}, {SECRET}")
    log.write(2)
    assert (log.verify().problem, log.verify().records) == ("", 4)
    assert "record 1" in log.verify(seal=Seal(new)).problem


def test_a_short_secret_is_none() -> None:
    """It could be guessed."""
    with pytest.raises(BadConfig, match="32 letters or more"):
        Seal("short")


def test_files_whose_time_is_over_are_removed_and_the_rest_still_fits(log: Log) -> None:
    """That they were is a record; the one that is written now stays."""
    log.write(6)
    log.day = 20
    log.write(1)
    gone = log.files[:-1]
    log.keep(keep_days=10)
    tail = Tail(log.chain, log.seal, log.config)
    expired = tail.expired("2026-03-20T11:00:00.000Z", 1_774_000_000.0)  # 20 March 2026
    tail.append(expired)
    tail.remove(expired)
    tail.close()
    assert not any(file.exists() for file in gone)
    found = log.verify()
    assert (found.problem, found.first) == ("", 7)
    assert log.verify(Link(3, "0" * 64)).problem == ""  # what was noted is among them
