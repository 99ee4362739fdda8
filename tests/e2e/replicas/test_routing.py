"""One asr with several versions: who gets which, and what happens while that changes."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from parley.client import Client, requests_of
from parley.errors import BadInput, UnknownModel
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.v1.models_pb2 import ModelsLoadRequest, ModelsRetireRequest
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from tests.e2e.cluster import Cluster, cut, speech
from tests.e2e.process import models_root
from tests.e2e.supervised import parley
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

RULE = '{header = "x-tier=gold", to = "echo@3"}'
RULES = [{"header": "x-tier=gold", "to": "echo@3"}]
ROUTES = """
["asr/default"]
versions = {"echo@1" = 80, "echo@2" = 20}
rules = [{language = "de", to = "echo@3"}, {header = "x-tier=gold", to = "asr/gold"}]

["asr/gold"]
"echo@3" = 1

["asr/hurt"]
versions = {"echo@9" = 1}
fallback = ["echo@8", "asr/gold"]

["asr/watched"]
versions = {"echo@1" = 1}
shadow = {"echo@2" = 100, "echo@9" = 100}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("routes")
    (folder / "routes.toml").write_text(ROUTES)
    root = models_root(folder, "asr", "1", "2", "3", "4")
    env = {"PARLEY_MODELS_ROOT": str(root), "PARLEY_MODELS": "echo@1,echo@2,echo@3,echo@4"}
    async with Cluster(folder, ("asr",), env=env, routes_file=str(folder / "routes.toml")) as cluster:
        yield cluster


async def served(cluster: Cluster, model: str = "", **metadata: str) -> str:
    """The version that an empty stream gets."""
    async with Client(cluster.grpc, {key.replace("_", "-"): value for key, value in metadata.items()}) as client:
        requests = requests_of(AsrRequest, AsrConfig(), [])
        (opened,) = [a async for a in client.stream("Asr", requests, model=model, timeout_s=20)]
        return str(opened.opened.model)


async def test_sessions_stick_to_their_share(cluster: Cluster) -> None:
    """A fifth of the sessions get version 2, and each gets its own again; versions are in the metrics."""
    sessions = [f"s{n}" for n in range(60)]
    first = [await served(cluster, parley_session=each) for each in sessions]
    again = [await served(cluster, parley_session=each) for each in sessions]
    assert first == again
    assert 3 <= Counter(first)["echo@2"] <= 24
    assert 'parley_routed_total{alias="asr/default",model="echo@2",stage="asr"}' in await page(cluster)


async def test_pins_and_rules_go_before_shares(cluster: Cluster) -> None:
    """A model's name, a header and a language each decide; an unknown alias is told."""
    assert await served(cluster, model="echo@4") == "echo@4"
    assert await served(cluster, parley_model="echo@2") == "echo@2"
    assert await served(cluster, x_tier="gold") == "echo@3"
    async with cluster.client() as client:
        config = PipelineConfig(asr={"language": "de-AT"})
        requests = requests_of(PipelineRequest, config, [])
        (opened,) = [a async for a in client.stream("Pipeline", requests, timeout_s=20)]
        assert dict(opened.opened.models) == {"asr": "echo@3"}
        with pytest.raises(UnknownModel):
            await served(cluster, model="asr/none")


async def test_a_header_pins_one_stage_of_a_pipeline(cluster: Cluster) -> None:
    """Where the config names no model, parley-model-asr does."""
    async with Client(cluster.grpc, {"parley-model-asr": "echo@4"}) as client:
        for models, version in (({}, "echo@4"), ({"asr": "echo@2"}, "echo@2")):
            requests = requests_of(PipelineRequest, PipelineConfig(asr={}, models=models), [])
            (opened,) = [a async for a in client.stream("Pipeline", requests, timeout_s=20)]
            assert dict(opened.opened.models) == {"asr": version}


async def test_a_header_without_a_stage_means_the_only_one_there_is(cluster: Cluster) -> None:
    """parley-model chooses in a pipeline of one; in a pipeline of two it is asked which."""
    async with Client(cluster.grpc, {"parley-model": "echo@4"}) as client:
        requests = requests_of(PipelineRequest, PipelineConfig(asr={}), [])
        (opened,) = [a async for a in client.stream("Pipeline", requests, timeout_s=20)]
        assert dict(opened.opened.models) == {"asr": "echo@4"}
        both = requests_of(PipelineRequest, PipelineConfig(asr={}, diarize={}), [])
        with pytest.raises(BadInput, match="asr or diarize; send `parley-model-asr`"):
            await anext(client.stream("Pipeline", both, timeout_s=20))


async def test_a_version_that_is_not_there_is_replaced(cluster: Cluster) -> None:
    """The chain is followed to the first that serves; a pinned version is not replaced."""
    assert await served(cluster, model="asr/hurt") == "echo@3"
    with pytest.raises(UnknownModel):
        await served(cluster, model="echo@9")


async def heard(cluster: Cluster, model: str, pcm: bytes) -> list[str]:
    async with cluster.client() as client:
        config = PipelineConfig(asr={}, models={"asr": model})
        requests = requests_of(PipelineRequest, config, cut(pcm))
        return [a.transcript.text async for a in client.stream("Pipeline", requests, timeout_s=30) if a.transcript.text]


async def page(cluster: Cluster) -> str:
    return await asyncio.to_thread(cluster.page)


async def test_a_shadow_is_compared_and_never_heard(cluster: Cluster) -> None:
    """Two shadows, one of them broken, change nothing in the answer; how they did is in the metrics."""
    pcm = speech(0.6, 0.8)
    assert await heard(cluster, "asr/watched", pcm) == await heard(cluster, "echo@1", pcm)
    async with asyncio.timeout(20):
        while "compared" not in (metrics := await page(cluster)) or "failed" not in metrics:
            await asyncio.sleep(0.1)
    assert 'parley_shadows_total{outcome="compared",shadow="echo@2",stage="asr"} 1.0' in metrics
    assert 'parley_shadows_total{outcome="failed",shadow="echo@9",stage="asr"} 1.0' in metrics
    assert 'parley_shadow_divergence_bucket{le="0.0",shadow="echo@2",stage="asr"} 1.0' in metrics


def routes(cluster: Cluster, *arguments: str) -> str:
    done = parley("routes", *arguments, "--http", f"http://{cluster.http}")
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


async def test_one_command_promotes_and_one_rolls_back(cluster: Cluster) -> None:
    """`parley routes` shows, shares out, promotes and rolls back; the file says the same, an audit line who."""
    assert "echo@1 80%" in routes(cluster, "show")
    routes(cluster, "set", "asr/new", "echo@1=3", "echo@2=1", "--shadow", "echo@3=10")
    assert await served(cluster, model="asr/new", parley_session="s1") in ("echo@1", "echo@2")
    assert "echo@4 100%" in routes(cluster, "promote", "asr/default", "echo@4")
    assert await served(cluster) == "echo@4"
    assert "echo@4" in (cluster.folder / "routes.toml").read_text()
    assert "echo@1 80%" in routes(cluster, "rollback")
    assert await served(cluster, parley_session="s1") != "echo@4"
    assert '"parley.routes"' in (cluster.folder / "gateway.log").read_text()
    astray = parley("routes", "promote", "asr/default", "echo@9", "--http", f"http://{cluster.http}")
    assert (astray.returncode, b"`parley models load asr echo@9` loads it" in astray.stderr) == (2, True)
    words = (await cluster.status())["words"]
    assert words[0] == "Not everything is ready."
    assert "asr/hurt leads to echo@9, which no replica serves." in words
    refused = parley("routes", "set", "asr/new", "echo=3", "--http", f"http://{cluster.http}")
    assert refused.returncode == 2
    assert b"NAME@VERSION=NUMBER" in refused.stderr


async def test_a_bad_file_changes_nothing(cluster: Cluster) -> None:
    """The routes stay as they were, the status says why, and a good file is heeded again."""
    file = cluster.folder / "routes.toml"
    good = file.read_text()
    file.write_text("what?")
    await _fault(cluster, expected=True)
    assert await served(cluster, x_tier="gold") == "echo@3"
    file.write_text(good.replace('"echo@3" = 1', '"echo@4" = 1'))
    await _fault(cluster, expected=False)
    assert await served(cluster, x_tier="gold") == "echo@4"


async def _fault(cluster: Cluster, *, expected: bool) -> None:
    async def so() -> bool:
        return ("routes_fault" in await cluster.status()) == expected

    await until(so, 0.1)


async def test_a_retired_version_hands_its_streams_on(cluster: Cluster) -> None:
    """Promote the next version, retire the old one: an open stream goes on with the next, no word lost."""
    routes(cluster, "set", "asr/swap", "echo@3=1")
    pcm, opened, retired = speech(0.6, 0.8, 0.5), asyncio.Event(), asyncio.Event()

    async def live() -> AsyncIterator[bytes]:
        for number, chunk in enumerate(cut(pcm)):
            if number == 22:  # in the middle of the second utterance
                opened.set()
                await retired.wait()
            yield chunk

    async def listen(client: Client) -> list[Any]:
        config = PipelineConfig(asr={}, models={"asr": "asr/swap"})
        return [a async for a in client.stream("Pipeline", requests_of(PipelineRequest, config, live()), timeout_s=60)]

    async with cluster.client() as client:
        stream = asyncio.create_task(listen(client))
        await opened.wait()
        routes(cluster, "promote", "asr/swap", "echo@2")
        await client.models("Retire", ModelsRetireRequest(model="echo@3"), "asr")
        async with asyncio.timeout(20):
            while any(m["model"] == "echo@3" for m in (await cluster.status())["stages"]["asr"]["models"]):
                await asyncio.sleep(0.1)
        retired.set()
        answers = await stream
    assert [a.transcript.text for a in answers if a.transcript.is_final] == await heard(cluster, "echo@2", pcm)
    assert [a.notice.reason for a in answers if a.HasField("notice")] == ["DRAINING"]


async def test_what_is_loaded_as_the_default_is_served(cluster: Cluster) -> None:
    """`parley models load --default`: the gateway's route for who asks for no model follows, and keeps its rules."""
    rewrite(cluster, f'["asr/default"]\nversions = {{"echo@1" = 1}}\nrules = [{RULE}]\n')
    async with cluster.client() as client:
        await until(lambda: default(cluster) == {"versions": {"echo@1": 1}, "rules": RULES})
        await client.models("Load", ModelsLoadRequest(model="echo@4"), "asr")
        assert await served(cluster) == "echo@1"
        await client.models("Load", ModelsLoadRequest(model="echo@4", make_default=True), "asr")
    assert {await served(cluster) for _ in range(8)} == {"echo@4"}
    assert default(cluster) == {"versions": {"echo@4": 100}, "rules": RULES}


def rewrite(cluster: Cluster, routes: str) -> None:
    Path(cluster.config["routes_file"]).write_text(routes)


def default(cluster: Cluster) -> Any:
    """As the gateway tells it."""
    return json.loads(cluster.page("/v1/routes"))["routes"]["asr/default"]
