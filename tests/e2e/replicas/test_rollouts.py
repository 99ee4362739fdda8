"""Versions tried in a cluster of real processes: echoes with planted faults, promoted or taken back by themselves."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from parley.client import Client, requests_of
from parley.errors import ParleyError
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from tests.contract.source import ROOT
from tests.e2e.cluster import Cluster, speech
from tests.e2e.supervised import parley
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

ROUTES = """
["asr/default"]
"echo@1" = 100

["asr/both"]
"echo@1" = 50
"echo@2" = 50

["asr/alone"]
"echo@2" = 1
"""
VERSIONS = {"1": "busy_s = 0.01", "2": "busy_s = 0.01", "slow": "busy_s = 0.05", "fails": "fail_every = 6"}
VERSIONS |= {"words": "shift = 7"}
PCM = speech(0.5, gap_s=0.6)


def models(folder: Path) -> Path:
    """Echoes as good as each other, one that is slow, one that fails now and then, one that says other words."""
    text = (ROOT / "models/embedded/asr/echo/1/model.toml").read_text()
    for version, option in VERSIONS.items():
        place = folder / "models/asr/echo" / version
        place.mkdir(parents=True)
        named = text.replace('version = "1"', f'version = "{version}"')
        (place / "model.toml").write_text(named.replace("[options]", f"[options]\n{option}"))
    return folder / "models"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("rollouts")
    (folder / "routes.toml").write_text(ROUTES)
    every = ",".join(f"echo@{version}" for version in VERSIONS if version != "2")
    env = {"PARLEY_MODELS_ROOT": str(models(folder)), "PARLEY_MODELS": every}
    cluster = Cluster(folder, ("asr",), env=env, routes_file=str(folder / "routes.toml"), rollouts={"samples": 20})
    try:
        await cluster.start()
        async with cluster.client() as client:
            await until(partial(has_echo_2, client), 0.1)  # no config of the service names it: the routes do
        yield cluster
    finally:
        cluster.stop()


async def has_echo_2(client: Client) -> bool:
    return await heard(client, "asr/alone") == "echo@2"


async def heard(client: Client, model: str = "") -> str:
    """One stream; the version that served it, or the reason why none did."""
    requests = requests_of(AsrRequest, AsrConfig(), [PCM])
    try:
        answers = [each async for each in client.stream("Asr", requests, model=model, timeout_s=20)]
    except ParleyError as error:
        return error.reason
    return str(answers[0].opened.model)


def routes(cluster: Cluster, *arguments: str) -> str:
    done = parley("routes", *arguments, "--http", f"http://{cluster.http}")
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


async def told(cluster: Cluster, path: str = "/v1/rollouts") -> Any:
    return json.loads(await asyncio.to_thread(cluster.page, path))


async def tried(cluster: Cluster, model: str) -> Any:
    """A canary to its end, with traffic all the while."""
    plan = ("--plan", "25,50,100", "--hold", "1s", "--streams", "150", "--shadow", "30")
    await asyncio.to_thread(routes, cluster, "canary", "asr/default", model, *plan)
    async with cluster.client() as client, asyncio.timeout(120):
        while (await told(cluster))["running"]:
            await asyncio.gather(*(heard(client) for _ in range(8)))
    return (await told(cluster))["ended"][0]


@pytest.mark.parametrize(
    ("version", "measures"),
    [("slow", ("latency", "tail", "errors")), ("fails", ("errors",)), ("words", ("divergence",))],
)
async def test_a_bad_version_takes_itself_back(cluster: Cluster, version: str, measures: tuple[str, ...]) -> None:
    """Five times as slow or too late, every sixth batch broken, other words: taken back, and a sentence says why."""
    ended = await tried(cluster, f"echo@{version}")
    assert ended["state"] == "rolled back"
    assert any(f"for its {measure}, " in ended["why"] for measure in measures), ended["why"]
    assert ended["streams"] <= 200
    assert (await told(cluster, "/v1/routes"))["routes"]["asr/default"] == {"echo@1": 100}
    async with cluster.client() as client:
        assert await heard(client) == "echo@1"
    history = routes(cluster, "history")
    assert "canary rolled back" in history


async def test_a_good_version_is_promoted(cluster: Cluster) -> None:
    """One in twenty looks worse by chance, more of them beside other tests: it may be tried twice more."""
    for _ in range(3):
        if (ended := await tried(cluster, "echo@2"))["state"] == "promoted":
            break
    assert ended["state"] == "promoted", ended["why"]
    async with cluster.client() as client:
        assert await heard(client) == "echo@2"
    assert "echo@2 100%" in routes(cluster, "show")
    assert "asr/default: echo@2 promoted." in routes(cluster, "rollouts")
    routes(cluster, "rollback")
    assert (await told(cluster, "/v1/routes"))["routes"]["asr/default"] == {"echo@1": 100}


async def test_two_versions_are_compared(cluster: Cluster) -> None:
    """By the texts that differed most in what both heard."""
    routes(cluster, "set", "asr/heard", "echo@1=1", "--shadow", "echo@words=100")
    async with cluster.client() as client:

        async def both_heard() -> bool:
            await heard(client, "asr/heard")
            return "100 %" in await asyncio.to_thread(routes, cluster, "compare", "echo@1", "echo@words")

        await until(both_heard, 0.1)
    assert "wait_s p99" in routes(cluster, "compare", "echo@1", "echo@words")


async def test_a_version_that_was_lost_is_had_again(cluster: Cluster) -> None:
    """The service is killed: what was loaded by command is loaded again as routes name it; nobody meets a 404."""
    async with cluster.client() as client:
        assert await heard(client, "asr/alone") == "echo@2"
        cluster.kill("asr")
        cluster.start_service("asr")
        met: set[str] = set()

        async def is_back() -> bool:
            met.update(await asyncio.gather(heard(client, "asr/both"), heard(client, "asr/alone")))
            return await has_echo_2(client)

        await until(is_back, 0.1)
    assert "MODEL_NOT_FOUND" not in met
    assert "a version that routes lead to is loaded again" in (cluster.folder / "gateway.log").read_text()


async def test_a_shadow_of_nothing_is_none(cluster: Cluster) -> None:
    """`--shadow x=0` takes it away; others stay."""
    routes(cluster, "set", "asr/new", "echo@1=1", "--shadow", "echo@2=10", "--shadow", "echo@slow=5")
    routes(cluster, "set", "asr/new", "echo@1=1", "--shadow", "echo@2=0")
    shown = (await told(cluster, "/v1/routes"))["routes"]["asr/new"]
    assert shown == {"versions": {"echo@1": 1}, "shadow": {"echo@slow": 5}}


async def test_a_roll_back_is_for_new_streams_at_once_and_for_open_ones_never(cluster: Cluster) -> None:
    """Who speaks meanwhile is heard to the end by the version that they began with; twice is two steps."""
    for version in ("1", "2", "words"):
        routes(cluster, "set", "asr/back", f"echo@{version}=1", "--why", f"step {version}")
    rolled_back = asyncio.Event()

    async def live() -> AsyncIterator[bytes]:
        yield PCM
        await rolled_back.wait()
        yield PCM

    async with cluster.client() as client:
        requests = requests_of(AsrRequest, AsrConfig(), live())
        stream = client.stream("Asr", requests, model="asr/back", timeout_s=60)
        answers = [await anext(stream)]
        assert answers[0].opened.model == "echo@words"
        for version in ("echo@2", "echo@1"):
            await asyncio.to_thread(routes, cluster, "rollback")
            assert await heard(client, "asr/back") == version
        rolled_back.set()
        answers += [answer async for answer in stream]
        finals = [answer.transcript.text for answer in answers if answer.transcript.is_final]
        alone = [
            a async for a in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), [PCM, PCM]), model="echo@words")
        ]
    assert finals == [answer.transcript.text for answer in alone if answer.transcript.is_final]
    assert len(finals) == 2
    assert "step words" in routes(cluster, "history")
