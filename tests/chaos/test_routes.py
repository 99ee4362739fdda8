"""A gateway that serves, killed with -9 amid canaries and promotions: what it had answered holds after it."""

import asyncio
import http.client
import json
import random
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from parley.client import Client, requests_of
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from tests.contract.source import ROOT
from tests.e2e.cluster import Cluster, speech
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

KILLS, SEED, LONGEST_S = 25, 17, 0.15
ALIAS, OLD, NEW = "asr/default", {"echo@1"}, {"echo@2"}
BEGIN = {"alias": ALIAS, "model": "echo@2", "plan": [10, 100], "hold_s": 3600}
BACK = {ALIAS: {"echo@1": 100}}
# What is asked again and again, and the versions that the alias means then.
CYCLE = (
    ("/v1/rollouts/begin", BEGIN, OLD | NEW),
    ("/v1/rollouts/stop", {"alias": ALIAS, "promote": True}, NEW),
    ("/v1/routes/change", BACK, OLD),
)
PCM = speech(0.5, gap_s=0.6)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("routes")
    (folder / "routes.toml").write_text(f'["{ALIAS}"]\n"echo@1" = 100\n["asr/new"]\n"echo@2" = 100\n')
    text = (ROOT / "models/embedded/asr/echo/1/model.toml").read_text()
    for version in ("1", "2"):
        place = folder / "models/asr/echo" / version
        place.mkdir(parents=True)
        (place / "model.toml").write_text(text.replace('version = "1"', f'version = "{version}"'))
    env = {"PARLEY_MODELS_ROOT": str(folder / "models"), "PARLEY_MODELS": "echo@1,echo@2"}
    async with Cluster(folder, ("asr",), env=env, routes_file=str(folder / "routes.toml")) as cluster:
        yield cluster


def asked(cluster: Cluster, path: str, body: object | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{cluster.http}{path}", data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


class Changes:
    """The changes of one gateway's life: what it has answered last, and what it was asked and did not answer."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self.answered, self.open = cluster, OLD, OLD

    def has_answered(self, then: set[str]) -> bool:
        """Whether the alias meant these at its last answer."""
        return self.answered == then

    def run(self) -> None:
        """Until it dies."""
        try:
            while True:
                for path, body, then in CYCLE:
                    self.open = then
                    asked(self._cluster, path, body)
                    self.answered = then
        except urllib.error.HTTPError:
            raise  # an answer is no death
        except (urllib.error.URLError, ConnectionError, http.client.IncompleteRead):
            return


async def settled(cluster: Cluster) -> set[str]:
    """What the alias means after the restart; then nothing is on trial, and it means the old version."""
    found = (await asyncio.to_thread(asked, cluster, "/v1/routes"))["routes"][ALIAS]
    for each in (await asyncio.to_thread(asked, cluster, "/v1/rollouts"))["running"]:
        await asyncio.to_thread(asked, cluster, "/v1/rollouts/stop", {"alias": each["alias"]})
    await asyncio.to_thread(asked, cluster, "/v1/routes/change", BACK)
    return set(found.get("versions", found))


async def heard(client: Client) -> str:
    requests = requests_of(AsrRequest, AsrConfig(), [PCM])
    answers = [each async for each in client.stream("Asr", requests, timeout_s=20)]
    return str(answers[0].opened.model)


async def test_what_a_killed_gateway_has_answered_holds(cluster: Cluster) -> None:
    """At so many moments: the alias means what the last answer said or what was being asked, and is served."""
    moments, seen = random.Random(SEED), set[str]()
    for _ in range(KILLS):
        changes = Changes(cluster)
        running = asyncio.create_task(asyncio.to_thread(changes.run))
        await until(partial(changes.has_answered, NEW))  # all is warm
        await asyncio.sleep(moments.uniform(0, LONGEST_S))
        cluster.kill("gateway")
        await running
        cluster.start_again("gateway")
        await cluster.ready()
        found = await settled(cluster)
        assert found in (changes.answered, changes.open)
        seen.add(str(sorted(found)))
        async with cluster.client() as client:
            assert await heard(client) == "echo@1"
    assert len(seen) > 1, "every one was killed in the same place"
