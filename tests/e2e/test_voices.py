"""Kept voices, through a real gateway and the model that ships: whose they are, and that streams know them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from parley.audio.media import read
from parley.client import Client, requests_of
from parley.errors import BadInput, NotFound
from parley.v1.diarize_pb2 import DiarizeConfig, DiarizeRequest
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.v1.voices_pb2 import VoicesAddRequest, VoicesListRequest
from parley.wire.keys import make, write
from tests.e2e.cluster import ROOT, Cluster

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]
(ANN, ANNS), (BOB, BOBS) = make("ann", ["use"]), make("bob", ["use"])
SHE, BOTH = ((ROOT / f"examples/{name}-speaker{s}.flac").read_bytes() for name, s in (("one", ""), ("two", "s")))
TALK = read(BOTH, 60, 16_000).data


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("voices")
    write(folder / "keys.json", [ANNS, BOBS])
    kept = {"secret": Fernet.generate_key().decode(), "folder": str(folder / "voices")}
    told: dict[str, Any] = {"keys_file": str(folder / "keys.json"), "voices": kept, "ready": {"needs": ["diarize"]}}
    routes = {"diarize/default": {"voice-base@1": 100}, "diarize/light": {"voice-nano@1": 100}}
    cluster = Cluster(folder, ("diarize",), configs="deploy/config", routes=routes, **told)
    try:
        await cluster.start()
        async with client(cluster, ANN) as ann:
            await ann.unary("Voices", "Add", VoicesAddRequest(name="Ada", file=SHE))
        yield cluster
    finally:
        cluster.stop()


def client(cluster: Cluster, key: str) -> Client:
    return Client(cluster.grpc, {"authorization": f"Bearer {key}"})


async def speakers(asked: Client, service: str, request: Any, config: Any, model: str = "") -> list[str]:
    """In order of appearance, in the end."""
    pieces = [TALK[at : at + 64_000] for at in range(0, len(TALK), 64_000)]
    answers = [each async for each in asked.stream(service, requests_of(request, config, pieces), model=model)]
    whole = next(each.revision for each in answers if each.HasField("revision") and each.revision.is_whole)
    return list(dict.fromkeys(turn.speaker for turn in whole.turns))


async def test_a_stream_knows_the_voices_that_it_names(cluster: Cluster) -> None:
    """In a pipeline and alone; a stream that names none has numbers."""
    async with client(cluster, ANN) as ann:
        alone = DiarizeConfig(voices=["Ada"])
        assert await speakers(ann, "Diarize", DiarizeRequest, alone) == ["Ada", "1"]
        assert await speakers(ann, "Pipeline", PipelineRequest, PipelineConfig(diarize=alone)) == ["Ada", "1"]
        assert await speakers(ann, "Diarize", DiarizeRequest, DiarizeConfig()) == ["1", "2"]


async def test_another_key_has_other_voices(cluster: Cluster) -> None:
    """It neither sees them nor can name them."""
    async with client(cluster, BOB) as bob:
        assert not (await bob.unary("Voices", "List", VoicesListRequest())).voices
        with pytest.raises(NotFound, match="Ada"):
            await speakers(bob, "Diarize", DiarizeRequest, DiarizeConfig(voices=["Ada"]))


async def test_a_version_that_cannot_compare_says_so(cluster: Cluster) -> None:
    """Before the stream is opened."""
    async with client(cluster, ANN) as ann:
        with pytest.raises(BadInput, match=r"voice-base@1.*voice-nano@1"):
            await speakers(ann, "Diarize", DiarizeRequest, DiarizeConfig(voices=["Ada"]), "diarize/light")


async def test_voices_over_http(cluster: Cluster) -> None:
    """Added, listed, used and forgotten."""
    headers = {"authorization": f"Bearer {BOB}"}
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}", headers=headers, timeout=60) as http:
        added = await http.post("/v1/voices/add", data={"name": "Eve"}, files={"file": SHE})
        assert (added.status_code, added.json()["model"]) == (200, "voice-base@1")
        assert [each["name"] for each in (await http.get("/v1/voices")).json()["voices"]] == ["Eve"]
        asked: dict[str, Any] = {"data": {"voices": "Eve"}, "files": {"file": BOTH}}
        told = (await http.post("/v1/audio/diarize", **asked)).json()
        assert {turn["speaker"] for turn in told["turns"]} == {"Eve", "1"}
        assert (await http.post("/v1/voices/remove", data={"name": "Eve"})).json() == {"voices": []}
        assert (await http.post("/v1/audio/diarize", **asked)).status_code == 404
