"""A child process and its log."""

import os
import sys
from pathlib import Path

import pytest

from parley.cli.processes.child import Command, resident_bytes


def command(folder: Path, script: str, **env: str) -> Command:
    return Command("asr", (sys.executable, "-c", script), folder, folder / "asr.log", {**os.environ, **env})


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("asr: The config lacks `listen`.", "asr: The config lacks `listen`."),
        ('{"level": "INFO", "message": "draining"}', "draining"),
        ('{"level": "INFO"}', '{"level": "INFO"}'),
        ("", ""),
    ],
)
def test_the_last_line_is_for_people(tmp_path: Path, said: str, shown: str) -> None:
    """Of a JSON line its message; of anything else all of it."""
    child = command(tmp_path, "import os; print('before'); print(os.environ['SAID'])" if said else "", SAID=said)
    assert child.start().wait(30) == 0
    assert child.last_line() == shown


def test_a_restart_goes_on_in_the_same_log(tmp_path: Path) -> None:
    """What the first one said is not lost."""
    child = command(tmp_path, "import os; print(os.getpid())")
    for _ in range(2):
        child.start().wait(30)
    assert len(child.log.read_text().split()) == 2


def test_memory_of_the_living_and_the_dead(tmp_path: Path) -> None:
    """A process that has ended holds none, and asking is no error."""
    ended = command(tmp_path, "").start()
    ended.wait(30)
    assert resident_bytes(ended.pid) is None
    assert (resident_bytes(os.getpid()) or 0) > 1 << 20
