"""Every panel of every dashboard shows something of a live run: a real Prometheus, processes that are killed."""

import asyncio
import importlib.util
import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from parley.cli.processes.ports import free_address
from parley.client import requests_of
from parley.errors import ParleyError
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from tests.e2e.cluster import ROOT, Cluster, cut, speech
from tests.e2e.process import models_root
from tests.waiting import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Prometheus: apt-get install prometheus"),
]
OBSERVABILITY = ROOT / "deploy/observability"
DASHBOARDS = sorted((OBSERVABILITY / "grafana/dashboards").glob("*.json"))
QUERIES = [
    pytest.param(target["expr"], id=f"{path.stem}: {panel['title']} {target['refId']}")
    for path in DASHBOARDS
    for panel in json.loads(path.read_text("utf-8"))["panels"]
    for target in panel["targets"]
]
PLACES = 12
ROUTES = """
["asr/default"]
versions = {"echo@1" = 100}
shadow = {"echo@2" = 100}
"""
VARIABLES = {"$__rate_interval": "10m", "$price": "0.04"}  # what Grafana puts in
TALK = speech(0.6, 0.8, 0.7, 0.9, 0.6)


class Prometheus:
    """One that looks at a cluster every second, with the rules and the jobs that ship."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        config = yaml.safe_load((OBSERVABILITY / "prometheus/prometheus.yaml").read_text("utf-8"))
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(OBSERVABILITY / "prometheus/rules.yaml")]
        jobs = {"parley-gateway": [cluster.http], "parley-asr": [cluster.metrics[n] for n in ("asr", "asr-2")]}
        for job in config["scrape_configs"]:
            del job["dns_sd_configs"]
            job["static_configs"] = [{"targets": jobs.get(job["job_name"], [])}]
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        self.address, self._folder = free_address(), folder

    @contextmanager
    def running(self) -> Iterator[None]:
        command = ["prometheus", f"--config.file={self._folder}/prometheus.yaml"]
        command += [f"--storage.tsdb.path={self._folder}/data", f"--web.listen-address={self.address}"]
        with (self._folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
            try:
                yield
            finally:
                process.terminate()

    def ask(self, query: str) -> list[dict[str, Any]]:
        """What a panel would show now."""
        for name, value in VARIABLES.items():
            query = query.replace(name, value)
        url = f"http://{self.address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with suppress(urllib.error.URLError), urllib.request.urlopen(url, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return [each for each in found if each["value"][1] != "NaN"]
        return []


async def _talk(cluster: Cluster, every_s: float = 0.1) -> None:
    """One live stream, as fast as people speak; who is refused has been counted."""

    async def live() -> AsyncIterator[bytes]:
        for chunk in cut(TALK):
            yield chunk
            await asyncio.sleep(every_s)  # the next one is not said yet

    async with cluster.client() as client:
        with suppress(ParleyError):
            config = PipelineConfig(asr={})
            async for _ in client.stream("Pipeline", requests_of(PipelineRequest, config, live()), timeout_s=60):
                pass


async def _upload(cluster: Cluster) -> None:
    """A recording over HTTP."""
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}", timeout=30) as client:
        files, data = {"file": ("desk.flac", (ROOT / "examples/desk.flac").read_bytes())}, {"model": "whisper-1"}
        (await client.post("/v1/audio/transcriptions", files=files, data=data)).raise_for_status()


async def _round(cluster: Cluster) -> None:
    """More people than there are places; one of two replicas is killed while they talk."""
    await _upload(cluster)
    await _talk(cluster, 0.01)  # a shadow hears all of this one
    people = [asyncio.create_task(_talk(cluster)) for _ in range(2 * PLACES)]
    await asyncio.sleep(4)  # some have been heard, and all go on talking
    name = await cluster.busiest("asr")
    cluster.kill(name)
    await _upload(cluster)
    await asyncio.gather(*people)
    cluster.start_service(name)
    await until(lambda: _both_serve(cluster), 0.1)


async def _both_serve(cluster: Cluster) -> bool:
    return all(each["health"] == "SERVING" for each in await cluster.replicas("asr"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Prometheus]:
    """A run in which everything happens that a panel is about."""
    folder = tmp_path_factory.mktemp("watched")
    env = {"PARLEY_MODELS_ROOT": str(models_root(folder, "asr", "1", "2")), "PARLEY_MODELS": "echo@1,echo@2"}
    (folder / "routes.toml").write_text(ROUTES)
    cluster = Cluster(folder, ("asr",), 2, env, routes_file=str(folder / "routes.toml"), limits={"streams": PLACES})
    try:
        await cluster.start()
        prometheus = Prometheus(folder, cluster)
        with prometheus.running():
            await until(lambda: prometheus.ask("up == 1"), 0.1)
            # Twice: a counter that is new with its first event has not grown yet.
            for _ in range(2):
                await _round(cluster)
            yield prometheus
    finally:
        cluster.stop()


@pytest.mark.parametrize("query", QUERIES)
async def test_a_panel_shows_something(watched: Prometheus, query: str) -> None:
    """Numbers, not "No data": also those that only rules give."""
    await until(lambda: watched.ask(query), 0.2)


def test_the_dashboards_are_what_their_source_gives() -> None:
    """`python deploy/observability/grafana/write.py` would change nothing."""
    script = OBSERVABILITY / "grafana/write.py"
    spec = importlib.util.spec_from_file_location("dashboards", script)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.texts() == {path: path.read_text("utf-8") for path in DASHBOARDS}
