"""A stage that nobody has heard of: one proto, one service folder, one config file, one upstream line."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from grpc_tools import protoc

from loadtest.target import processes
from parley.cli.processes.ports import free_address
from parley.extras import install
from tests.sound import noise, pcm

ROOT = Path(__file__).parents[2]
SHOUT = Path(__file__).parent / "shout"
GATEWAY = "deploy/echo/gateway.toml"
RUN_S = 60.0
SCENARIO = """
[scenarios.shout]
api = "pipeline"
stages = ["denoise", "shout"]
people = 1
seconds = 1.0
ramp_s = 0.1
clips = "{clips}"
[scenarios.shout.promise]
errors = {{ share = 0.0 }}
"""


def hashes(tree: Path) -> dict[str, str]:
    """Every file's digest."""
    files = (path for path in tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def copied(tree: Path) -> None:
    """The repository as it is, but for weights."""
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("parley", "gateway", "services", "loadtest", "protos", "deploy"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=ignored)
    for echo in (ROOT / "models/embedded").glob("*/echo"):
        shutil.copytree(echo, tree / echo.relative_to(ROOT))


def added(tree: Path, address: str) -> None:
    """The fifth stage: its files, its generated code, its upstream."""
    for folder in ("protos", "services", "deploy"):
        shutil.copytree(SHOUT / folder, tree / folder, dirs_exist_ok=True)
    wellknown = Path(protoc.__file__).parent / "_proto"
    words = [f"-I{tree}/protos", f"-I{wellknown}", f"--python_out={tree}", f"--pyi_out={tree}"]
    assert protoc.main(["protoc", *words, "parley/v1/shout.proto"]) == 0
    text = (tree / GATEWAY).read_text()
    (tree / GATEWAY).write_text(text.replace("[upstreams]\n", f'[upstreams]\nshout = ["{address}"]\n'))


class Tree:
    """The repository with a fifth stage, and a gateway that runs from it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.folder = folder / "tree", folder
        copied(self.root)
        self.before = hashes(self.root)
        self.text = (self.root / GATEWAY).read_text()
        self.cluster = processes.ServerProcesses(folder / "run")
        added(self.root, self.cluster.socket("shout"))
        self.http, self.grpc = free_address(), free_address()

    def start(self) -> None:
        """Everything that the gateway's config names; where those of ours listen is said, where shout does is not."""
        known = ("asr", "denoise", "diarize", "separate", "translate")
        for stage in (*known, "shout"):
            self.cluster.start_service(stage)
        upstreams = {stage: self.cluster.socket(stage) for stage in known}
        self.cluster.start_gateway("gateway", self.http, self.grpc, upstreams)
        self.cluster.await_ready(self.http)

    def run(self, *words: str) -> str:
        """A Python program that imports from the tree; what it prints."""
        env = {**os.environ, "PYTHONPATH": str(self.root)}
        done = subprocess.run(
            [sys.executable, *words], cwd=self.root, env=env, capture_output=True, text=True, timeout=RUN_S
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def clips(self) -> Path:
        """A short recording to talk with."""
        clips = self.folder / "clips"
        clips.mkdir(exist_ok=True)
        written(clips / "short.wav", noise(8_000))
        return clips


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    with pytest.MonkeyPatch.context() as patch:
        tree = Tree(tmp_path_factory.mktemp("fifth"))
        patch.setattr(processes, "ROOT", tree.root)
        patch.setitem(processes._ENVIRONMENT, "PYTHONPATH", str(tree.root))
        with tree.cluster:
            tree.start()
            yield tree


@pytest.fixture(scope="module")
def found(tree: Tree) -> dict[str, Any]:
    """What every way in gave."""
    scenarios = tree.folder / "scenarios.toml"
    scenarios.write_text(SCENARIO.format(clips=tree.clips()))
    found: dict[str, Any] = json.loads(tree.run(str(SHOUT / "drive.py"), tree.grpc, tree.http, str(scenarios)))
    return found


def written(path: Path, samples: npt.NDArray[np.float32]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm(samples))


def heard(told: dict[str, Any]) -> npt.NDArray[np.int16]:
    """What came back."""
    return np.frombuffer(base64.b64decode(told["audio"]), "<i2")


SENT = np.arange(16_000) % 4000  # as drive.py sends it


def test_no_existing_file_is_touched(tree: Tree) -> None:
    """Only files were added, and one line to the gateway's config."""
    after = hashes(tree.root)
    changed = [name for name, digest in tree.before.items() if after.get(name) != digest]
    assert changed == [GATEWAY]
    lines = (tree.root / GATEWAY).read_text().splitlines()
    assert [line for line in lines if line not in tree.text.splitlines()] == [
        f'shout = ["{tree.cluster.socket("shout")}"]'
    ]
    assert sorted(name for name in after.keys() - tree.before.keys() if name.endswith(".py")) == [
        "parley/v1/shout_pb2.py",
        *(f"services/shout/{name}.py" for name in ("__init__", "__main__", "stage")),
    ]


def test_filters_chain(found: dict[str, Any]) -> None:
    """Denoise, then shout: both are named, and the sound has passed both."""
    chain = found["chain"]
    assert chain["models"] == {"denoise": "echo@1", "shout": "louder@1"}
    assert np.abs(heard(chain) - 2 * SENT).max() <= 4


def test_its_own_event_arrives_whole(found: dict[str, Any]) -> None:
    """An event that the pipeline has no field for comes back packed, with the stage's name."""
    (event,) = found["chain"]["events"]
    assert (event["stage"], event["kind"], event["event"]["interval"]) == (
        "shout",
        "loudness",
        {"end": "1s"},
    )
    assert event["event"]["peak"] == pytest.approx(2 * 3999 / 32768, abs=0.001)


def test_it_runs_alone_with_its_own_settings(found: dict[str, Any]) -> None:
    """The config that the client wrote reaches the service."""
    assert found["alone"]["models"] == {"shout": "louder@1"}
    assert np.abs(heard(found["alone"]) - 4 * SENT).max() <= 4


def test_a_websocket_knows_it(found: dict[str, Any]) -> None:
    """JSON in, JSON and sound out."""
    assert np.abs(heard(found["websocket"]) - 3 * SENT).max() <= 4
    assert [each["type"] for each in found["websocket"]["events"]] == ["opened", "stage_event"]


def test_a_scenario_of_the_load_test_measures_it(found: dict[str, Any]) -> None:
    """Chunks came back through the chain, and nothing failed."""
    assert "chunk" in found["load"]["latencies"]
    assert not [name for name in found["load"]["counts"] if name.startswith(("error", "notice"))]


def test_the_command_line_knows_it(tree: Tree) -> None:
    """`parley shout` is there without anybody having written it."""
    quiet, loud = tree.folder / "quiet.wav", tree.folder / "loud.wav"
    written(quiet, 0.1 * noise(16_000))
    words = ("-m", "parley.cli", "shout", str(quiet), str(loud), "--server", tree.grpc, "--set", "gain=2.5", "--json")
    assert json.loads(tree.run(*words))["model"] == "louder@1"
    before, after = (np.frombuffer(path.read_bytes()[44:], "<i2").astype(float) for path in (quiet, loud))
    assert np.abs(after - 2.5 * before).max() <= 4
    assert "shout" in tree.run("-m", "parley.cli", "--help")


def test_rest_knows_it(tree: Tree) -> None:
    """A file of a recording, with the stage's own settings, comes back as a file; what is wrong with them is said."""
    quiet, url = tree.folder / "rest.wav", f"http://{tree.http}/v1/audio/shout"
    written(quiet, 0.1 * noise(16_000))

    def asked(**fields: str) -> httpx.Response:
        return httpx.post(url, files={"file": quiet.read_bytes()}, data=fields, timeout=RUN_S)

    loud = asked(config='{"gain": 2.5}')
    assert (loud.status_code, loud.headers["parley-model"], loud.headers["content-type"]) == (
        200,
        "louder@1",
        "audio/wav",
    )
    before, after = (np.frombuffer(data[44:], "<i2").astype(float) for data in (quiet.read_bytes(), loud.content))
    assert np.abs(after - 2.5 * before).max() <= 4
    assert asked(response_format="flac").content.startswith(b"fLaC")
    for config, reason in (
        ('{"gian": 3}', 'no field named \\"gian\\"'),
        ('{"format": {}}', "the recording's"),
        ("[]", "JSON object"),
    ):
        refused = asked(config=config)
        assert refused.status_code == 400
        assert reason in refused.text
    assert asked(gain="2").json()["error"]["message"].startswith("There is no field `gain`")


def test_a_transcript_is_made_of_what_it_gives(tree: Tree) -> None:
    """`--with` puts it into the pipeline of `transcribe`, with its config; what is wrong with that is said."""
    talk = tree.folder / "talk.wav"
    written(talk, 0.1 * noise(16_000))
    words = ("-m", "parley.cli", "transcribe", str(talk), "--server", tree.grpc, "--json", "--with")
    document = json.loads(tree.run(*words, 'shout={"gain": 3}'))["files"][0]
    assert document["models"] == {"asr": "echo@1", "shout": "louder@1"}
    assert [event["kind"] for event in document["stage_events"]] == ["loudness"]
    for given, reason in (("shout=3", "no JSON object"), ('shout={"gian": 3}', "no parley.v1.ShoutConfig")):
        with pytest.raises(AssertionError, match=reason):
            tree.run(*words, given)


def test_the_document_knows_it(tree: Tree) -> None:
    """Its endpoint, its config and its events stand in OpenAPI."""
    document = httpx.get(f"http://{tree.http}/openapi.json", timeout=RUN_S).json()
    assert {"ShoutConfig", "Loudness"} <= set(document["components"]["schemas"])
    form = document["paths"]["/v1/audio/shout"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["config"]["$ref"].endswith("/ShoutConfig")


BACKEND = """
LIBRARIES = ("a_library_of_its_own",)
EXTRAS = ("own",)

def devices():
    return ("CPU",)

def tensors(spec, device):
    return "opened"
"""
OPENED = """
from pathlib import Path
from parley.engines import backends
from parley.engines.model import ModelRef, locate
spec = locate([Path("models/embedded")], "denoise", ModelRef.of("echo@9"))
from parley.engines.declared import BACKENDS
print(backends.tensors(spec).model, BACKENDS["own"].hint)
"""


def test_a_backend_is_one_file(tree: Tree) -> None:
    """A model may name it as soon as its file is there, and hints say what it needs."""
    (tree.root / "parley/engines/backends/own.py").write_text(BACKEND)
    model = tree.root / "models/embedded/denoise/echo/9/model.toml"
    model.parent.mkdir()
    text = (ROOT / "models/embedded/denoise/echo/1/model.toml").read_text()
    model.write_text(text.replace('version = "1"', 'version = "9"').replace('backend = "echo"', 'backend = "own"'))
    assert tree.run("-c", OPENED).strip() == f"opened {install('own')}"
