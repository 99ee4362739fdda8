"""The wheels: built, the complete one installed into a virtual environment of its own and used from an empty folder."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from parley.cli.processes.ports import free_port
from tests.contract.source import ROOT
from tests.fakes import PATIENCE_S

pytestmark = pytest.mark.timeout(500)


@dataclass(frozen=True)
class Installed:
    """A virtual environment with nothing but Parley's wheel, and a user who has never used it."""

    folder: Path

    @property
    def packages(self) -> Path:
        return Path(sysconfig.get_path("purelib", vars={"base": str(self.folder / "venv")}))

    @property
    def empty(self) -> Path:
        return self.folder / "empty"

    def environment(self) -> dict[str, str]:
        """Nothing of ours: neither the path to the repository nor settings of the machine that tests."""
        ours = ("PARLEY_", "PYTHON", "XDG_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        return kept | {"HOME": str(self.folder / "user")}

    def command(self, *words: str) -> tuple[str, ...]:
        return (str(self.folder / "venv/bin/parley"), *words)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*words), cwd=self.empty, env=self.environment(), capture_output=True, text=True, timeout=60
        )


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make dist` builds it: one complete wheel, and in index/ what a package index gets."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run((sys.executable, str(ROOT / "deploy/dist.py"), str(out)), check=True, timeout=400)
    return out


@pytest.fixture(scope="module")
def installed(dist: Path) -> Iterator[Installed]:
    """`pip install dist/*.whl` without its dependencies: those are lent by the environment that tests."""
    # A Unix socket's path has at most 107 bytes, and the folders of a test run's worker are deep.
    with tempfile.TemporaryDirectory(prefix="parley") as folder:
        yield _install(Installed(Path(folder)), *dist.glob("*.whl"))


def _install(found: Installed, *wheels: Path) -> Installed:
    venv.create(found.folder / "venv", with_pip=False)
    for folder in (found.empty, found.folder / "user"):
        folder.mkdir()
    pip = (sys.executable, "-m", "pip", "--quiet", "--python", str(found.folder / "venv/bin/python"))
    install = (*pip, "install", "--no-deps", "--no-index", *map(str, wheels))
    subprocess.run(install, env=found.environment(), check=True, timeout=400)
    return found


def _files(wheel: Path) -> set[str]:
    """What it installs, but for what it says of itself."""
    with zipfile.ZipFile(wheel) as packed:
        return {name for name in packed.namelist() if ".dist-info/" not in name}


def _needs(wheel: Path) -> set[str]:
    """The packages that it cannot do without."""
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (each for each in packed.namelist() if each.endswith(".dist-info/METADATA"))
        lines = packed.read(name).decode().splitlines()
    wanted = (
        line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist: ") and "extra ==" not in line
    )
    return {re.split(r"[^A-Za-z0-9-]", each)[0] for each in wanted}


@pytest.fixture
def lent(installed: Installed) -> Iterator[Installed]:
    """The libraries that the extra `serve` would bring."""
    line = installed.packages / "lent.pth"
    line.write_text(sysconfig.get_path("purelib") + "\n")
    yield installed
    line.unlink()


def test_only_parley_is_at_the_top_of_site_packages(installed: Installed) -> None:
    """No `services`, `gateway` or `tests` that could be somebody else's."""
    names = sorted(path.name for path in installed.packages.iterdir())
    assert "parley" in names
    assert [name for name in names if not name.startswith("parley")] == []


def test_the_one_wheel_is_complete(dist: Path) -> None:
    """What `pip install dist/*.whl` brings is what the index's two wheels hold together, and needs engines."""
    (complete,) = dist.glob("*.whl")
    client, server = sorted((dist / "index").glob("*.whl"))
    assert _files(complete) == _files(client) | _files(server)
    assert {"ctranslate2", "onnxruntime", "starlette"} <= _needs(complete)


def test_the_client_is_light_and_typed(dist: Path) -> None:
    """It brings no weights and needs no engine: those come with the wheel that serves."""
    client, _ = sorted((dist / "index").glob("*.whl"))
    assert "parley/py.typed" in _files(client)
    assert client.stat().st_size < 1_000_000
    assert not {"ctranslate2", "numpy", "starlette"} & _needs(client)


def test_the_source_archive_has_every_wheels_sources(dist: Path) -> None:
    """Whoever has it can build everything again."""
    (archive,) = (dist / "index").glob("*.tar.gz")
    listed = subprocess.run(("tar", "-tzf", archive), capture_output=True, text=True, check=True).stdout
    for name in ("parley/client.py", "services/asr/stage.py", "deploy/complete/setup.py", "model.bin", "asr.proto"):
        assert name in listed
    assert "__pycache__" not in listed


def test_the_load_test_runs_from_the_wheel(lent: Installed) -> None:
    """A scenario of a second against echo models; its report lies where state belongs."""
    configs = str(lent.packages / "parley_server/deploy/echo")
    done = lent.run("loadtest", "sla", "denoise", "--seconds", "1", "--size", "1", "--once", "--settings", configs)
    assert "denoise" in done.stdout, done.stderr
    assert list((lent.folder / "user/.local/state/parley/sla").glob("*/report.json")), done.stdout + done.stderr
    assert list(lent.empty.iterdir()) == []


def test_the_catalogue_of_models_comes_along(lent: Installed) -> None:
    """What can be added by a name is known wherever a server is installed."""
    done = lent.run("models", "add", "acurate")
    assert (done.returncode, "did you mean `accurate`?" in done.stderr) == (2, True), done.stderr


def test_it_serves_from_an_empty_folder(lent: Installed) -> None:
    """`parley up`, a transcription over HTTP and by command, and nothing written but where state belongs."""
    http, grpc = free_port(), free_port()
    words = ("up", "--json", "--http-port", str(http), "--grpc-port", str(grpc), "--replicas", "translate=2")
    started = subprocess.Popen(
        lent.command(*words), cwd=lent.empty, env=lent.environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        _await_ready(started)
        with (ROOT / "examples/desk.flac").open("rb") as talk:
            url = f"http://127.0.0.1:{http}/v1/audio/transcriptions"
            answer = httpx.post(url, files={"file": talk}, data={"model": "whisper-1"}, timeout=PATIENCE_S)
        assert "watch" in answer.raise_for_status().json()["text"]
        done = lent.run("transcribe", str(ROOT / "examples/desk.flac"), "--server", f"127.0.0.1:{grpc}")
        assert "watch" in done.stdout, done.stderr
    finally:
        started.terminate()
        assert started.wait(PATIENCE_S) == 0
    assert list(lent.empty.iterdir()) == []
    logs = {path.stem for path in (lent.folder / "user/.local/state/parley/logs").iterdir()}
    assert logs == {"asr", "denoise", "diarize", "separate", "translate-1", "translate-2", "jobs", "gateway"}


def _await_ready(started: "subprocess.Popen[str]") -> None:
    assert started.stdout
    said = []
    for line in started.stdout:
        said.append(line)
        if json.loads(line).get("ready"):
            return
    raise AssertionError(f"It ended with {started.wait()}: {''.join(said)}")
