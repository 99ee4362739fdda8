"""`parley up`, with real processes and sockets."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from parley.client import Client
from parley.errors import ParleyError
from parley.v1.models_pb2 import ModelsListRequest
from tests.e2e.certificates import certificates
from tests.e2e.supervised import Up, parley
from tests.fakes import PATIENCE_S

PROCESSES = {"asr", "denoise", "diarize", "separate", "translate", "jobs", "gateway"}


@pytest.fixture
def up() -> Iterator[Up]:
    with Up() as up:
        up.until(ready=True)
        yield up


async def answered(up: Up) -> None:
    """The asr service answers through the gateway."""
    async with Client(up.grpc) as client, asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await client.models("List", ModelsListRequest(), "asr")
                return
            except ParleyError:
                await asyncio.sleep(0.1)


def test_a_crashed_service_comes_back_and_the_end_is_clean(up: Up) -> None:
    """Killed with -9, it answers again; Ctrl-C leaves nothing behind."""
    assert set(up.pids) == PROCESSES
    children = up.children()
    os.kill(up.pids["asr"], signal.SIGKILL)
    assert up.until(process="asr", state="waiting")["exit_code"] == -signal.SIGKILL
    assert up.until(process="asr", state="running")["restarts"] == 1
    asyncio.run(answered(up))
    children += up.children()
    assert up.end(signal.SIGINT) == 0
    assert not any(child.is_running() for child in children)
    assert list(up.sockets.iterdir()) == []


def test_sigterm_ends_it_as_well(up: Up) -> None:
    """Whoever runs it under another supervisor."""
    assert up.end(signal.SIGTERM) == 0
    assert list(up.sockets.iterdir()) == []


def test_children_die_with_a_killed_parent(up: Up) -> None:
    """Even kill -9 of the parent leaves no process that holds a port."""
    children = up.children()
    assert len(children) == len(PROCESSES)
    up.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_a_wrong_config_is_said_and_ends_it() -> None:
    """What can never start is not tried for ever: the reason, and a code."""
    with Up(PARLEY_DRAIN="3") as up:
        assert up.process.wait(60) == 1
        assert up.process.stderr
        said = up.process.stderr.read()
    assert "cannot start: PARLEY_DRAIN: The config key `drain` is not known" in said  # by whichever process is first
    assert "Traceback" not in said


def test_behind_tls_it_gets_ready_and_answers_who_trusts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over both faces; who does not trust its certificate is told what it needs, not that nobody is there."""
    ca, key, cert = certificates(tmp_path)
    with Up(PARLEY_GATEWAY__TLS__CERT=cert, PARLEY_GATEWAY__TLS__KEY=key) as up:
        up.until(ready=True)
        secure = (up.http.replace("http:", "https:"), f"grpcs://{up.grpc}")
        stranger = parley("status", "--http", secure[0])
        assert (stranger.returncode, b"SSL_CERT_FILE=" in stranger.stderr) == (3, True)
        assert b"grpcs://" in parley("models", "list", "--server", up.grpc).stderr
        monkeypatch.setenv("SSL_CERT_FILE", ca)
        assert b"Everything is ready." in parley("status", "--http", secure[0]).stdout
        assert b"echo@1" in parley("models", "list", "--server", secure[1]).stdout


def test_who_wants_certificates_gets_ready_without_ours(tmp_path: Path) -> None:
    """With mTLS nobody here could ask whether everything is ready: that calls are taken must do."""
    ca, key, cert = certificates(tmp_path)
    tls = {"CERT": cert, "KEY": key, "CLIENT_CA": ca}
    with Up(**{f"PARLEY_GATEWAY__TLS__{name}": path for name, path in tls.items()}) as up:
        up.until(ready=True)


def test_a_taken_port_is_said_before_anything_starts(up: Up) -> None:
    """The second one does not fight the first."""
    port = up.http.rpartition(":")[2]
    second = parley("up", "--http-port", port)
    assert second.returncode == 2
    assert f"Port {port} is taken" in second.stderr.decode()
