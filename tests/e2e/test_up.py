"""`parley up`, with real processes and sockets."""

import os
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.house import House, parley

PROCESSES = {"asr", "denoise", "diarize", "translate", "gateway"}


@pytest.fixture
def house() -> Iterator[House]:
    with House() as house:
        house.until(ready=True)
        yield house


def answers(house: House) -> bool:
    """The asr service answers through the gateway."""
    return parley("models", "list", "asr", "--server", house.grpc).returncode == 0


def test_a_crashed_service_comes_back_and_the_end_is_clean(house: House) -> None:
    """Killed with -9, it answers again within five seconds; Ctrl-C leaves nothing behind."""
    assert set(house.pids) == PROCESSES
    children = house.children()
    os.kill(house.pids["asr"], signal.SIGKILL)
    killed = time.monotonic()
    assert house.until(process="asr", state="waiting")["exit_code"] == -signal.SIGKILL
    assert house.until(process="asr", state="running")["restarts"] == 1
    while not answers(house):
        assert time.monotonic() - killed < 5
    assert time.monotonic() - killed < 5
    children += house.children()
    assert house.end(signal.SIGINT) == 0
    assert not any(child.is_running() for child in children)
    assert list(house.sockets.iterdir()) == []


def test_sigterm_ends_it_as_well(house: House) -> None:
    """Whoever runs it under another supervisor."""
    assert house.end(signal.SIGTERM) == 0
    assert list(house.sockets.iterdir()) == []


def test_children_die_with_a_killed_parent(house: House) -> None:
    """Even kill -9 of the parent leaves no process that holds a port."""
    children = house.children()
    assert len(children) == len(PROCESSES)
    house.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


def test_a_wrong_config_is_said_and_ends_it() -> None:
    """What can never start is not tried for ever: the reason, and a code."""
    with House(PARLEY_DRAIN="3") as house:
        assert house.process.wait(30) == 1
        assert house.process.stderr
        said = house.process.stderr.read()
    assert "cannot start: The config key `drain` is not known; did you mean `drain_s`?" in said
    assert "Traceback" not in said


def test_a_taken_port_is_said_before_anything_starts(house: House) -> None:
    """The second one does not fight the first."""
    port = house.http.rpartition(":")[2]
    second = parley("up", "--http-port", port)
    assert second.returncode == 2
    assert f"Port {port} is taken" in second.stderr.decode()
