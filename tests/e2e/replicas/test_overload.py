"""Three times as many streams as fit: those that are let in lose nothing, the others are refused at once."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from parley.client import Client, requests_of
from parley.errors import TooBusy
from parley.serving.load import CAREFUL, MOST, RETRY_S
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from services.asr.model.engine import USUAL_S
from tests.e2e.cluster import ROOT, Cluster, speech

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

BUSY_S = 0.42  # what an utterance costs
FIT = int(MOST * USUAL_S / (CAREFUL * BUSY_S))
CONFIG = PipelineConfig(asr={"interim_results": True})


def slow_models(folder: Path) -> Path:
    """The echo model, with an engine that takes its time."""
    shutil.copytree(ROOT / "models/embedded/asr/echo", folder / "asr/echo")
    with (folder / "asr/echo/1/model.toml").open("a") as written:
        written.write(f"busy_s = {BUSY_S}\n")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    models = slow_models(tmp_path_factory.mktemp("models"))
    async with Cluster(
        tmp_path_factory.mktemp("overload"), ("asr",), env={"PARLEY_MODELS_ROOT": str(models)}
    ) as cluster:
        yield cluster


class Speaker:
    """One stream: opens, and speaks when told to."""

    def __init__(self, client: Client) -> None:
        self.words: list[str] = []
        self.notices: list[str] = []
        self.refusal: TooBusy | None = None
        self.speak = asyncio.Event()
        self.begun = asyncio.Event()  # let in, or refused
        self.task = asyncio.create_task(self._run(client))

    async def _pieces(self) -> AsyncIterator[bytes]:
        await self.speak.wait()
        data = speech(2.0, 1.0)
        for at in range(0, len(data), 3200):
            yield data[at : at + 3200]

    async def _run(self, client: Client) -> None:
        requests: Any = requests_of(PipelineRequest, CONFIG, self._pieces())
        try:
            async for answer in client.stream("Pipeline", requests, timeout_s=90):
                self.begun.set()
                self.words += [answer.transcript.text] * answer.transcript.is_final
                self.notices += [answer.notice.reason] * answer.HasField("notice")
        except TooBusy as error:
            self.refusal = error
        self.begun.set()


async def test_who_is_let_in_loses_nothing(cluster: Cluster) -> None:
    """No more than fit are let in, and get every word; the others hear at once when to come back."""
    async with Client(cluster.grpc) as client:
        alone = Speaker(client)
        alone.speak.set()
        await alone.task
        assert alone.words
        everybody = [Speaker(client) for _ in range(3 * FIT)]
        await asyncio.gather(*(each.begun.wait() for each in everybody))
        inside = [each for each in everybody if each.refusal is None]
        for each in inside:
            each.speak.set()
        await asyncio.gather(*(each.task for each in everybody))
    assert 1 <= len(inside) <= FIT  # fewer where the machine is slower now than when the model was measured
    assert [each.words for each in inside if each.words != alone.words] == []
    assert {each.refusal.retry_s for each in everybody if each.refusal} == {RETRY_S}
    assert not {reason for each in inside for reason in each.notices} - {"LATE"}


async def test_who_comes_back_comes_in(cluster: Cluster) -> None:
    """Refused streams that come again until they are taken lose nothing either."""
    async with Client(cluster.grpc) as client:
        spoken = await asyncio.gather(*(let_in(client) for _ in range(2 * FIT)))
    assert [words for words in spoken if words != spoken[0]] == []
    assert spoken[0]


async def let_in(client: Client) -> list[str]:
    """What is heard of who tries again until there is room."""
    while True:
        speaker = Speaker(client)
        speaker.speak.set()
        await speaker.task
        if speaker.refusal is None:
            return speaker.words
        await asyncio.sleep(0.5)  # as a polite client, before it tries again
