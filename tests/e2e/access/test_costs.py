"""What a caller's key costs, as the services count it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from parley.client import Client, requests_of
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.wire.keys import make, write
from tests.e2e.cluster import Cluster, cut, speech
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]
PRICE = "0.36"
KEYS = {name: make(name, ["use"]) for name in ("one", "two")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp("costs")
    write(folder / "keys.json", [key for _, key in KEYS.values()])
    env = {"PARLEY_TELEMETRY__ENGINE_PRICE": PRICE}
    async with Cluster(folder, ("asr",), env=env, keys_file=str(folder / "keys.json")) as cluster:
        yield cluster


async def _talk(cluster: Cluster, key: str, *, hangs_up: bool = False) -> None:
    async def sound() -> AsyncIterator[bytes]:
        for chunk in cut(speech(0.8, 0.9)):
            yield chunk
        if hangs_up:
            await asyncio.sleep(3600)

    async with Client(cluster.grpc, {"authorization": f"Bearer {key}"}) as client:
        requests = requests_of(PipelineRequest, PipelineConfig(asr={}), sound())
        async for answer in client.stream("Pipeline", requests, timeout_s=30):
            if hangs_up and answer.WhichOneof("event") == "transcript":
                return


async def _scraped(cluster: Cluster) -> dict[tuple[str, str], float]:
    """(metric, key) -> value."""
    page = await asyncio.to_thread(cluster.scraped, "asr")
    found: Any = re.findall(r'(parley_cost_seconds|parley_key_audio_seconds)_total\{.*?key="(\w+)".*?\} (\S+)', page)
    return {(metric, key): float(value) for metric, key, value in found}


async def test_a_key_is_charged_for_what_it_used(cluster: Cluster) -> None:
    """Under a label that stands for it, also where it hung up; the key itself is nowhere; the price is told."""
    (one, key_one), (two, key_two) = KEYS.values()
    await _talk(cluster, one)
    await _talk(cluster, two, hangs_up=True)

    async def charged() -> bool:
        return (await _scraped(cluster)).get(("parley_key_audio_seconds", key_two.label), 0) > 1

    await until(charged, 0.1)
    found = await _scraped(cluster)
    assert {key for _, key in found} == {key_one.label, key_two.label}
    assert all(value > 0 for value in found.values())
    assert found["parley_key_audio_seconds", key_one.label] == pytest.approx(len(speech(0.8, 0.9)) / 32_000, rel=0.01)
    for process in cluster.names:
        page = await asyncio.to_thread(cluster.scraped, process)
        assert not any(secret in page for text, key in KEYS.values() for secret in (text, key.id, key.hash))
    assert f'parley_engine_price{{stage="asr"}} {PRICE}' in await asyncio.to_thread(cluster.scraped, "asr")
