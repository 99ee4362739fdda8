"""A real server of MLflow on SQLite: versions go there and come back, what was measured is found as runs."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from parley.cli import app
from parley.cli.commands import mlflow as commands
from parley.cli.outcome import Exit
from parley.cli.processes.ports import free_port
from parley.engines.model import read_spec
from tests.contract.source import ROOT
from tests.others import python_with

pytestmark = pytest.mark.timeout(240)
CANARY = {
    "alias": "asr/default",
    "model": "echo@2",
    "state": "promoted",
    "why": "echo@2 gets all of asr/default: nothing speaks against it.",
    "plan": [50, 100],
    "risk": 0.05,
    "by": "somebody",
    "streams": 40,
    "curve": [{"streams": 20, "errors": -0.1}, {"streams": 40, "errors": -0.3}],
    "measures": {"errors": {"new": 0.0, "old": 0.0, "strength": -0.3}, "words": {"new": 2.5, "strength": 0.1}},
}
SLA: dict[str, Any] = {
    "verdict": "HELD",
    "when": "2026-11-26 07:45:02",
    "commit": "abc",
    "machine": {"cpu": "some", "memory GB": 25},
    "models": {"asr": "echo@1"},
    "scenarios": [
        {"name": "live", "size": 3, "promises": [{"measure": "final", "statistic": "p99_ms", "value": 12.5}]},
        {"name": "files", "size": 1, "promises": [{"measure": "worse si-sdr", "statistic": "most", "value": None}]},
    ],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Started by an environment of its own: the server is large, and nothing of it serves speech."""
    pytest.importorskip("mlflow")
    python, folder, port = (
        python_with("mlflow", "mlflow.server", "sqlalchemy"),
        tmp_path_factory.mktemp("mlflow"),
        free_port(),
    )
    words = [str(python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{folder}/runs.db", "--artifacts-destination", str(folder / "files")]
    env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    env.pop("PYTHONPATH", None)
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(words, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        while not answers(f"http://127.0.0.1:{port}/health"):  # it makes its tables first, which takes its time
            assert child.poll() is None, (folder / "log").read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(child.pid, 15)
        child.wait(30)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def home(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARLEY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    return tmp_path / "home"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def client() -> Any:
    import mlflow

    return mlflow.MlflowClient()


def runs(experiment: str) -> list[Any]:
    found = client().get_experiment_by_name(experiment)
    return list(client().search_runs([found.experiment_id]))


def test_a_version_goes_there_and_comes_back(home: Path) -> None:
    """Under an alias; with its numbers as a run; the same bytes, told to be believed; its contract is checked."""
    done = run("mlflow", "register", "denoise-nano", "--as", "cleaner", "--alias", "production", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "model": "denoise-nano@2",
        "registered": "cleaner",
        "version": "1",
        "pull": "mlflow:cleaner@production",
    }
    (kept,) = runs("parley models")
    assert kept.data.params["license"]
    assert kept.data.metrics
    for line in ("mlflow:cleaner@production", "mlflow:cleaner/1"):
        done = run("models", "pull", line, "--json")
        assert done.exit_code == 0, done.output
        spec = read_spec(home / "models/denoise/denoise-nano/2")
        assert spec.files == read_spec(ROOT / "models/embedded/denoise/denoise-nano/2").files
        assert spec.source == {"from": line, "revision": "1", "trust": "first-use"}
        assert run("models", "rm", "denoise-nano@2", "--force").exit_code == 0


def test_what_is_not_there_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name, a server; a policy that does not believe a registry; nothing lies here afterwards."""
    done = run("models", "pull", "mlflow:nobody@production")
    assert (done.exit_code, "does not have mlflow:nobody@production" in done.output) == (Exit.BAD_INPUT, True)
    assert "is no registered model" in run("models", "pull", "mlflow:cleaner").output
    assert run("mlflow", "register", "denoise-nano", "--as", "pinned", "--alias", "p").exit_code == 0
    monkeypatch.setenv("PARLEY_DENOISE__TRUST__POLICY", "pinned")
    assert '`trust.policy` is "pinned"' in run("models", "pull", "mlflow:pinned@p").output
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert run("models", "pull", "mlflow:cleaner@production").exit_code == Exit.UNREACHABLE
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert "Which MLflow? Name its address" in run("models", "pull", "mlflow:cleaner@production").output
    assert not list(home.rglob("*.onnx"))


def test_sla_runs_and_canaries_become_runs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters, metrics with their steps, files; a canary is kept once however often it is asked."""
    (tmp_path / "report.json").write_text(json.dumps(SLA))
    done = run("mlflow", "sla", tmp_path)
    assert done.exit_code == 0, done.output
    (kept,) = runs("parley sla")
    assert kept.data.metrics == {"live/size": 3.0, "files/size": 1.0, "live/final/p99_ms": 12.5}
    assert kept.data.params["machine/memory GB"] == "25"
    assert [each.path for each in client().list_artifacts(kept.info.run_id)] == ["report.json"]

    monkeypatch.setattr(commands, "ask", lambda *_: {"ended": [CANARY], "running": []})
    assert "1 canaries are kept" in run("mlflow", "canaries").output
    assert "0 canaries are kept" in run("mlflow", "canaries").output
    (kept,) = runs("parley canaries")
    assert kept.data.params["plan"] == "[50, 100]"
    assert kept.data.metrics["words/new"] == 2.5
    history = client().get_metric_history(kept.info.run_id, "errors/evidence")
    assert [(point.step, point.value) for point in history] == [(20, -0.1), (40, -0.3)]
    assert "report" in run("mlflow", "sla", tmp_path / "none").output
