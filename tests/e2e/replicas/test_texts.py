"""Texts, asked of two replicas of translate: one of them is slow, and their model does not go from all into all."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest
import pytest_asyncio

from parley.client import dial
from parley.compat.riva_nmt_pb2 import AvailableLanguageResponse
from tests.e2e.cluster import Cluster
from tests.e2e.process import models_root
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

PAIRS = """
pairs = [["en", "de"], ["de", "en"], ["en", "fr"]]
"""
SLOW = {"PARLEY_BATCH__WAIT_MS": "50000", "PARLEY_JOB_BUDGET_S": "100"}
ASKED = 6


class Uneven(Cluster):
    """The second replica of a stage gathers callers for very long before it begins."""

    def start_service(self, name: str) -> None:
        """One replica."""
        self.env = {"PARLEY_MODELS_ROOT": str(self.folder / "models")} | (SLOW if name.endswith("-2") else {})
        super().start_service(name)


async def _both_serve(cluster: Cluster) -> bool:
    return all(replica["health"] == "SERVING" for replica in await cluster.replicas("translate"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def uneven(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("uneven")
    (model,) = models_root(folder, "translate", "1").rglob("model.toml")
    model.write_text('languages = ["en", "de", "fr"]\n' + model.read_text() + PAIRS)
    cluster = Uneven(folder, ("translate",), replicas=2, calls={"hedge_s": 0.2})
    try:
        await cluster.start()
        await until(partial(_both_serve, cluster), 0.1)
        await asyncio.sleep(1.0)  # the gateway looks after their health every half second
        yield cluster
        cluster.kill("translate-2")  # it would first gather
    finally:
        cluster.stop()


async def test_a_slow_replica_costs_a_second_question(uneven: Cluster) -> None:
    """Every text is answered while the slow replica still gathers; it was asked too, and its streams are let go."""
    async with httpx.AsyncClient(base_url=f"http://{uneven.http}", timeout=30) as client:
        for n in range(ASKED):
            answer = await client.post("/translate", json={"q": f"Text {n}.", "source": "en", "target": "de"})
            assert answer.json() == {"translatedText": f"Text {n}."}
    told = await uneven.status()
    assert told["counted"]["routed"]["translate/default echo@1"] > ASKED
    assert [replica["streams"] for replica in await uneven.replicas("translate")] == [0, 0]


async def test_only_what_can_be_translated_is_offered(uneven: Cluster) -> None:
    """Also what goes through a third language; into French there is a way, out of it there is none."""
    async with httpx.AsyncClient(timeout=30) as client:
        told = (await client.get(f"http://{uneven.http}/languages")).json()
    assert {each["code"]: each["targets"] for each in told} == {"de": ["en", "fr"], "en": ["de", "fr"], "fr": []}
    async with dial(uneven.grpc) as channel:
        ask: Any = channel.unary_unary("/nvidia.riva.nmt.RivaTranslation/ListSupportedLanguagePairs")
        answer = AvailableLanguageResponse.FromString(await ask(b"", timeout=30))
    pairs = answer.languages["echo@1"]
    assert (list(pairs.src_lang), list(pairs.tgt_lang)) == (["de", "en"], ["de", "en", "fr"])
