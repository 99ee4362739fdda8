"""Feature flags through real processes: changed while they run, and told to who goes without."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from parley.audit.files import ChainFiles
from parley.audit.listing import Which, listed
from parley.client import Client, requests_of
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from tests.e2e.cluster import Cluster, cut
from tests.e2e.jobs.cluster import wav
from tests.e2e.live import recording
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]
SOUND = recording(3)[:64_000]


class Flagged(Cluster):
    """A cluster whose gateway reads flags from a file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "features.toml"
        self.file.write_text("[translate]\n")
        self.log = folder / "audit"
        audit = {"folder": str(self.log), "instance": "here"}
        super().__init__(folder, ("asr", "translate"), features={"file": str(self.file)}, audit=audit)

    def left_out(self) -> list[list[str]]:
        """What the audit log says that calls went without."""
        return [each.get("options", {}).get("off", []) for each in listed(ChainFiles(self.log, "here"), Which())]

    async def said(self, **headers: str) -> tuple[set[str], list[str]]:
        """Which kinds of events a pipeline gives, and the reasons of its notices."""
        config = PipelineConfig(asr={}, translate=[{"target_language": "de", "source_language": "en"}])
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        async with Client(self.grpc, named) as client:
            answers = [a async for a in client.stream("Pipeline", requests_of(PipelineRequest, config, cut(SOUND)))]
        assert answers[0].HasField("opened")
        return {each.WhichOneof("event") for each in answers}, [
            f"{each.notice.stage} {each.notice.reason}" for each in answers if each.HasField("notice")
        ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Flagged]:
    async with Flagged(tmp_path_factory.mktemp("features")) as cluster:
        yield cluster


async def test_a_flag_that_is_turned_off_takes_hold_without_a_restart(cluster: Flagged) -> None:
    """Words stay, the translation goes, a notice says so; who sends the header has it still."""
    events, told = await cluster.said()
    assert ("translation" in events, told) == (True, [])
    cluster.file.write_text('[translate]\npercent = 0\nheader = "parley-beta: yes"\n[cache]\npercent = 0\n')

    async def off() -> bool:
        events, told = await cluster.said()
        return "translation" not in events and told == ["translate FEATURE_OFF"] and "transcript" in events

    await until(off, 0.1)
    await until(lambda: ["translate"] in cluster.left_out())
    events, told = await cluster.said(parley_beta="yes")
    assert ("translation" in events, told) == (True, [])


async def test_a_cache_that_is_off_keeps_nothing(cluster: Flagged) -> None:
    """The same twice is asked twice, and nobody is told: nobody has asked for it."""
    cluster.file.write_text("[cache]\npercent = 0\n")
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}") as http:

        async def off() -> bool:
            answer = await http.post("/translate", json={"q": "Good day.", "source": "en", "target": "de"})
            return "parley-cache" not in answer.headers

        await until(off, 0.1)
        for _ in range(2):
            form = {"files": {"file": wav(SOUND)}, "data": {"model": "whisper-1"}}
            answer = await http.post("/v1/audio/transcriptions", **form)  # type: ignore[arg-type]
            assert (answer.status_code, "parley-cache" in answer.headers) == (200, False), answer.text
