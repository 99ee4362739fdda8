"""A child process and its log."""

import os
import signal
import sys
from pathlib import Path

import pytest

from parley.cli.processes.launcher import Command, Processes, resident_bytes
from parley.cli.processes.ports import free_address
from tests.waiting import until_now


def command(folder: Path, script: str, **env: str) -> Command:
    return Command("asr", (sys.executable, "-c", script), folder, folder / "asr.log", {**os.environ, **env})


@pytest.mark.parametrize(
    ("said", "code", "shown"),
    [
        ("asr: The config lacks `listen`.", 1, "asr: The config lacks `listen`."),
        ('{"level": "ERROR", "message": "no memory"}\n{"level": "INFO", "message": "draining"}', 1, "no memory"),
        ("asr: no disk\nE1126 05:55:44.727863   13900 chttp2_transport.cc:1403] GOAWAY", 1, "asr: no disk"),
        ('{"level": "INFO", "message": "serving"}', 3, "exit code 3"),
        ('{"level": "INFO", "message": "serving"}', -9, "killed by SIGKILL"),
        ('{"level": "INFO"}', 0, "it ended by itself and did not say why"),
        ("", 2, "exit code 2"),
    ],
)
def test_the_reason_is_for_people(tmp_path: Path, said: str, code: int, shown: str) -> None:
    """The last complaint, not the last line: what a process said when it was well is no reason for its end."""
    child = command(tmp_path, "import os; print(os.environ['SAID'])" if said else "", SAID=said)
    assert child.start().wait(30) == 0
    assert child.reason(code) == shown


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


WAITS = "import time; print('begun', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAITS


def begun(processes: Processes, folder: Path, script: str) -> str:
    """Launch it, and wait until it runs its own code."""
    child = command(folder, script)
    processes.launch(child)
    until_now(lambda: child.log.read_text())
    return child.name


def test_leaving_ends_what_still_runs(tmp_path: Path) -> None:
    """Asked, it goes at once."""
    with Processes() as processes:
        process = processes.running[begun(processes, tmp_path, WAITS)]
    assert process.returncode == -signal.SIGTERM


def test_a_frozen_process_can_be_stopped(tmp_path: Path) -> None:
    """It is thawed, so that it can obey."""
    processes = Processes()
    name = begun(processes, tmp_path, WAITS)
    assert processes.signal(name, signal.SIGSTOP)
    assert processes.stop() == {name: -signal.SIGTERM}
    assert processes.names == ()


def test_what_does_not_end_is_killed(tmp_path: Path) -> None:
    """After its time."""
    processes = Processes(stop_timeout_s=0.1)
    name = begun(processes, tmp_path, STUBBORN)
    assert processes.stop(name) == {name: -signal.SIGKILL}


def test_waiting_for_the_dead_says_what_they_said(tmp_path: Path) -> None:
    """A process that cannot start fails the wait at once, with its log."""
    with Processes() as processes:
        processes.launch(command(tmp_path, "raise SystemExit('no such key')"))
        with pytest.raises(RuntimeError, match=r"asr has ended with 1:\nno such key"):
            processes.await_ready(free_address())


def test_nobody_ready_is_said_with_the_logs(tmp_path: Path) -> None:
    """Whoever waits learns where to look."""
    with Processes(ready_timeout_s=0.0) as processes:
        begun(processes, tmp_path, WAITS)
        with pytest.raises(TimeoutError, match=r"asr\.log"):
            processes.await_ready(free_address())


def test_only_what_has_ended_is_started_again(tmp_path: Path) -> None:
    """As it was."""
    with Processes() as processes:
        name = begun(processes, tmp_path, WAITS)
        assert not processes.start_if_ended(name)
        first = processes.pid(name)
        processes.kill(name)
        assert processes.start_if_ended(name)
        assert processes.pid(name) != first
