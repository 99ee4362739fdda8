"""Names are found by a model that was added, in the service that has it."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from parley.client import requests_of
from parley.engines.backends import echo
from parley.errors import Unavailable
from parley.v1.models_pb2 import ModelsLoadRequest
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from tests.e2e.cluster import ROOT, Cluster, cut, speech
from tests.services.translate import names_model

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]
HIDDEN = PipelineConfig(asr={"word_times": True}, redact=["name"], translate=[{"target_language": "de"}])
ECHO = {"echo@1": 100}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("names")
    names_model.write(folder / "models")
    roots = f"{folder / 'models'},{ROOT / 'models/embedded'}"
    env = {"PARLEY_MODELS_ROOT": roots}
    routes = {"asr/default": ECHO, "translate/default": ECHO, "translate/names": {"lookup@1": 100}}
    async with Cluster(folder, ("asr", "translate"), env=env, routes=routes) as cluster:
        async with cluster.client() as client:
            await load(client)
        yield cluster


async def load(client: Any) -> None:
    await client.models("Load", ModelsLoadRequest(model="lookup@1"), "translate")


async def told(cluster: Cluster, config: PipelineConfig = HIDDEN) -> list[Any]:
    async with cluster.client() as client:
        requests = requests_of(PipelineRequest, config, cut(speech(1.5, 1.2)))
        return [answer async for answer in client.stream("Pipeline", requests, timeout_s=60)]


async def test_nobody_reads_a_name(cluster: Cluster) -> None:
    """In words and translations, with every other word as it was."""
    plain = await told(cluster, PipelineConfig(asr={}))
    words = [answer.transcript.text for answer in plain if answer.transcript.is_final]
    one = f"(?:{'|'.join(echo.WORDS[::2])})"
    right = [re.sub(rf"\b{one}(?: {one})*\b", "[NAME]", each) for each in words]
    assert right != words
    answers = await told(cluster)
    hidden = [answer.transcript.text for answer in answers if answer.transcript.is_final]
    assert hidden == right
    assert not re.search(rf"\b{one}\b", str([answer for answer in answers if not answer.HasField("opened")]))
    assert answers[0].opened.models["names"] == "lookup@1"


async def test_without_its_service_the_stream_ends(cluster: Cluster) -> None:
    """With an error; no word is said."""
    cluster.kill("translate")
    with pytest.raises(Unavailable):
        await told(cluster)
