"""Logs that do not grow for ever."""

import subprocess
import sys
from pathlib import Path

import pytest

from parley.cli.processes.rotation import remove, rotate

# It pauses as a log does, so that a moment that the scheduler takes from the rotation is not thousands of lines.
WRITER = """
import sys, time
for n in range(20_000):
    sys.stdout.write(f"{n:06}\\n")
    sys.stdout.flush()
    if n % 20 == 0:
        time.sleep(0.001)
"""


def test_a_log_within_its_bound_stays(tmp_path: Path) -> None:
    """Also one that is not there yet."""
    log = tmp_path / "asr.log"
    assert not rotate(log, 10)
    log.write_bytes(b"x" * 10)
    assert not rotate(log, 10)
    assert [each.name for each in tmp_path.iterdir()] == ["asr.log"]


def test_older_ones_move_up_and_the_oldest_goes(tmp_path: Path) -> None:
    """However often: the newest words are in the log and in .1."""
    log = tmp_path / "asr.log"
    for number in range(6):
        log.write_text(f"{number}" * 11)
        assert rotate(log, 10)
        assert log.read_bytes() == b""
    held = {each.name: each.read_text()[0] for each in tmp_path.iterdir() if each != log}
    assert held == {"asr.log.1": "5", "asr.log.2": "4", "asr.log.3": "3"}
    remove(log)
    assert list(tmp_path.iterdir()) == []


def test_who_writes_on_writes_into_the_new_one(tmp_path: Path) -> None:
    """A process that never opens its log again loses no more than what it wrote in the moment of the cut."""
    log = tmp_path / "asr.log"
    with log.open("ab") as out, subprocess.Popen((sys.executable, "-c", WRITER), stdout=out) as writer:
        times = 0
        while writer.poll() is None:
            times += rotate(log, 20_000, kept=1_000)
    lines = [line for each in tmp_path.iterdir() for line in each.read_text().split()]
    numbers = sorted(int(line) for line in lines if len(line) == 6)  # one that was cut in the middle of a write is torn
    assert times > 1
    assert numbers[-1] == 19_999
    assert len(numbers) == len(set(numbers)) > 18_000


def test_a_full_disk_empties_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept must not stop the process from writing."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    log = tmp_path / "asr.log"
    log.write_text("x" * 11)
    assert rotate(log, 10)
    assert log.read_bytes() == b""
    assert [each.name for each in tmp_path.iterdir()] == ["asr.log"]
