"""The whole thing, from the command line to the report, against a real house of echo models."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.house import free_port
from loadtest.measures import Measures
from loadtest.server import Server
from tests.contract.source import ROOT

ECHO = ROOT / "deploy/echo"
QUICK = """
lag_p99_ms = 1000.0
cpu_share = 2.0
[scenarios.slow]
about = "A stage that stands still most of the time."
door = "denoise"
people = 3
seconds = 8
ramp_s = 0.5
faults = [{ what = "slow", who = "denoise", at_s = 2, for_s = 4, share = 0.9 }]
[scenarios.slow.promise]
chunk = { p95_ms = 100 }
[scenarios.slow.promise.errors]
share = 0.0
"""


def sla(folder: Path, *words: str, seconds: float = 110) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "loadtest.sla", "--settings", str(ECHO), "--out", str(folder), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds)


@pytest.mark.timeout(120)
def test_smoke(tmp_path: Path) -> None:
    """The shipped smoke scenario runs through every stage, nothing is lost, and a report is written.

    Whether a busy machine keeps the talker on time is not this test's affair: it may say INVALID, but never BROKEN.
    """
    done = sla(tmp_path, "smoke")
    assert done.returncode in (0, 2), done.stdout + done.stderr
    told = json.loads((tmp_path / "report.json").read_text())
    (smoke,) = told["scenarios"]
    measures = Measures.of_json(smoke["measures"])
    assert measures.total("calls") >= 8
    assert measures.among("error ") == measures.among("notice ") == {}
    assert measures.total("lost words") == measures.total("doubled words") == 0 < measures.total("words")
    assert {"open", "chunk", "final", "first partial", "translation", "turn"} <= set(measures.latencies)
    assert set(told["models"].values()) == {"echo@1 (echo, CPU)"}
    assert smoke["usage"]["cpu_s"]["gateway"] > 0
    assert {"asr engine", "denoise queue"} <= set(smoke["notes"]["stages"])
    assert smoke["notes"]["cost"]["CPU s per audio hour"] > 0
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "junit.xml").exists()


@pytest.mark.timeout(120)
def test_a_slow_stage_is_caught(tmp_path: Path) -> None:
    """A stage that stands still nine tenths of four seconds breaks the promise: exit code 1, and the dent is marked."""
    (tmp_path / "sla.toml").write_text(QUICK)
    done = sla(tmp_path, "slow", "--file", str(tmp_path / "sla.toml"))
    assert done.returncode == 1, done.stdout + done.stderr
    (slow,) = json.loads((tmp_path / "report.json").read_text())["scenarios"]
    assert slow["verdict"] == "BROKEN"
    assert [promise["verdict"] for promise in slow["promises"]] == ["BROKEN", "HELD"]
    assert any("SIGSTOP to denoise" in mark["what"] for mark in slow["notes"]["marks"])


def test_a_mistake_proves_nothing(tmp_path: Path) -> None:
    """A scenario that is not there ends with code 2 and a sentence."""
    done = sla(tmp_path, "nonsense")
    assert done.returncode == 2
    assert "There is no scenario 'nonsense'" in done.stdout


@pytest.mark.timeout(120)
def test_workers_add_up(tmp_path: Path) -> None:
    """Two workers and their master measure what one process would: every call, and the words of each."""
    with Server(tmp_path / "server", ECHO) as server:
        where, port = server.where, free_port().rpartition(":")[2]
        told = {"SLA_SCENARIO": "smoke", "SLA_GRPC": where.grpc, "SLA_RESULT": str(tmp_path / "result.json")}
        told |= {"SLA_PEOPLE": "4", "SLA_SECONDS": "1"}
        start = [sys.executable, "-m", "loadtest.swarm", "-f", "loadtest/locustfile.py", "--headless"]
        start += ["--host", where.http]
        master = [*start, "--master", "--master-bind-port", port, "--expect-workers", "2", "-u", "4", "-r", "4"]
        env = {**os.environ, **told}
        workers = [subprocess.Popen([*start, "--worker", "--master-port", port], cwd=ROOT, env=env) for _ in range(2)]
        try:
            subprocess.run([*master, "--stop-timeout", "15"], cwd=ROOT, env=env, timeout=100, check=False)
        finally:
            for worker in workers:
                worker.kill()
    measures = Measures.of_json(json.loads((tmp_path / "result.json").read_text())["measures"])
    assert measures.total("calls") == 4
    assert measures.latencies["open"].count == 4
    assert measures.latencies["chunk"].count >= 10 * measures.total("audio s") - 4
    assert measures.total("lost words") == 0
