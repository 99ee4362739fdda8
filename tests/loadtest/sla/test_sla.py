"""The whole thing, from the command line to the report, against real processes with echo models."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from loadtest.measured.measures import Measures
from loadtest.promises import Verdict
from loadtest.target.server import Server
from parley.cli.processes.ports import free_port
from tests.contract.source import ROOT

ECHO = ROOT / "deploy/echo"
QUICK = """
lag_p99_ms = 1000.0
lag_share = 10.0
cpu_share = 2.0
others_cores = 100.0
[scenarios.slow]
about = "A stage that stands still most of the time."
api = "denoise"
people = 3
seconds = 4
ramp_s = 0.2
clips = "CLIPS"
faults = [{ what = "slow", who = "denoise", at_s = 1, for_s = 2, share = 0.9 }]
[scenarios.slow.promise]
chunk = { p95_ms = 100 }
[scenarios.slow.promise.errors]
share = 0.0
"""


def unhurt(clips: Path) -> str:
    """The same people; nothing happens to the server."""
    return QUICK.partition("faults")[0].replace("CLIPS", str(clips)) + "promise.chunk = { p95_ms = 100 }"


def sla(folder: Path, *words: str, seconds: float = 110) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "loadtest.sla.__main__", "--settings", str(ECHO), "--out", str(folder), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds)


@pytest.mark.timeout(120)
def test_smoke(tmp_path: Path) -> None:
    """The shipped smoke scenario runs through every stage, nothing is lost, and a report is written.

    How fast all that is on a machine that tests something else meanwhile is not this test's affair.
    """
    done = sla(tmp_path, "smoke", "--once", "--size", "6")
    told = json.loads((tmp_path / "report.json").read_text())
    assert done.returncode == Verdict[told["verdict"]].value, done.stdout + done.stderr
    (smoke,) = told["scenarios"]
    timeless = [each for each in smoke["promises"] if not each["statistic"].endswith("_ms")]
    assert {each["verdict"] for each in timeless} == {"HELD"}
    measures = Measures.of_json(smoke["measures"])
    assert measures.total("calls") >= 6
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
def test_a_slow_stage_is_caught(tmp_path: Path, clips: Path) -> None:
    """A stage that stands still nine tenths of two seconds breaks the promise: exit code 1, and the dent is marked."""
    (tmp_path / "sla.toml").write_text(QUICK.replace("CLIPS", str(clips)))
    done = sla(tmp_path, "slow", "--once", "--file", str(tmp_path / "sla.toml"))
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
def test_workers_add_up(tmp_path: Path, server: Server, clips: Path) -> None:
    """Two workers and their master measure what one process would: every call, and the chunks of each."""
    (tmp_path / "sla.toml").write_text(unhurt(clips))
    told = {"SLA_FILE": str(tmp_path / "sla.toml"), "SLA_SCENARIO": "slow", "SLA_SECONDS": "3"}
    told |= {"SLA_GRPC": server.where.grpc, "SLA_RESULT": str(tmp_path / "result.json")}
    env, port = {**os.environ, **told}, str(free_port())
    start = [sys.executable, "-m", "loadtest.clients.swarm", "-f", "loadtest/clients/locustfile.py", "--headless"]
    master = ["--master", "--master-bind-port", port, "--expect-workers", "2", "-u", "4", "-r", "4"]
    worker = [*start, "--worker", "--master-port", port]
    workers = [subprocess.Popen(worker, cwd=ROOT, env=env) for _ in range(2)]
    try:
        subprocess.run([*start, *master, "--stop-timeout", "15"], cwd=ROOT, env=env, timeout=100, check=False)
    finally:
        for each in workers:
            each.kill()
            each.wait()
    measures = Measures.of_json(json.loads((tmp_path / "result.json").read_text())["measures"])
    assert measures.total("calls") == measures.latencies["open"].count == 4
    assert measures.latencies["chunk"].count >= 10 * measures.total("audio s") - 4


@pytest.mark.timeout(120)
def test_the_page_to_do_it_by_hand(tmp_path: Path, server: Server, clips: Path) -> None:
    """Locust's page starts people, its table fills with what they hear, and Stop lets them finish."""
    (tmp_path / "sla.toml").write_text(unhurt(clips))
    port = str(free_port())
    with Page(f"http://127.0.0.1:{port}") as page:
        told = {"SLA_FILE": str(tmp_path / "sla.toml"), "SLA_SCENARIO": "slow", "SLA_SECONDS": "1000"}
        env = {**os.environ, **told, "SLA_GRPC": server.where.grpc}
        page.start("--host", server.where.http, "--web-host", "127.0.0.1", "--web-port", port, env=env)
        page.post("swarm", user_count=2, spawn_rate=2, host=server.where.http)
        page.until(lambda told: any(each["name"] == "chunk" and each["num_requests"] > 20 for each in told["stats"]))
        page.post("stop")
        page.until(lambda told: told["state"] == "stopped" and told["user_count"] == 0)


class Page:
    """Locust with its page."""

    def __init__(self, url: str) -> None:
        self._url = url

    def start(self, *words: str, env: dict[str, str]) -> None:
        command = [
            sys.executable,
            "-m",
            "loadtest.clients.swarm",
            "-f",
            "loadtest/clients/locustfile.py",
            "--stop-timeout",
            "20",
        ]
        self._process = subprocess.Popen([*command, *words], cwd=ROOT, env=env)

    def post(self, what: str, **form: object) -> None:
        wait_s = time.monotonic() + 30
        while True:
            try:
                httpx.post(f"{self._url}/{what}", data=form, timeout=30).raise_for_status()
                return
            except httpx.ConnectError:
                assert time.monotonic() < wait_s
                time.sleep(0.1)

    def until(self, so: Callable[[dict[str, Any]], bool]) -> None:
        wait_s = time.monotonic() + 45
        while not so(httpx.get(f"{self._url}/stats/requests", timeout=30).json()):
            assert time.monotonic() < wait_s
            time.sleep(0.2)

    def __enter__(self) -> "Page":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
