"""Every panel of every dashboard shows something of a live run: a real Prometheus, processes that are killed."""

import asyncio
import importlib.util
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml
from websockets.asyncio.client import connect

from parley.cli.processes.ports import free_address
from parley.client import requests_of
from parley.errors import ParleyError
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.v1.separate_pb2 import SeparateConfig
from parley.wire.pipeline import pipeline_config
from tests.e2e.clients.test_telephony import spoken, started
from tests.e2e.cluster import ROOT, Cluster, cut, speech
from tests.e2e.jobs.cluster import JobsCluster
from tests.e2e.process import models_root
from tests.waiting import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
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
GUIDE = re.findall(r"^\|.+\| `(.+)` \|$", (ROOT / "docs/cost.md").read_text("utf-8"), re.M)
PLACES, DRIFTING, STAGES = 12, 620, ("asr", "denoise", "diarize", "separate", "translate")
REAL = "whisper-tiny.en-live@1"  # an echo does not say how sure it is, nor in which language
ROUTES = f"""
["asr/default"]
versions = {{"echo@1" = 100}}
shadow = {{"echo@2" = 100}}

["denoise/default"]
"echo@1" = 100

["diarize/default"]
"echo@1" = 100

["translate/default"]
"echo@1" = 100

["separate/default"]
"echo@1" = 100

["asr/tried"]
"echo@1" = 100

["asr/ended"]
"echo@1" = 100

["asr/real"]
"{REAL}" = 100
"""
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
STOP = '{"event": "stop", "stop": {"callSid": "CA1"}, "streamSid": "MZCA1"}'
VARIABLES = {"$__rate_interval": "10m"}  # what Grafana puts in
TALK, WORD = speech(0.6, 0.8, 0.7, 0.9, 0.6), speech(0.4, gap_s=0.6)


class Prometheus:
    """One that looks at a cluster every second, with the rules and the jobs that ship."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        config = yaml.safe_load((OBSERVABILITY / "prometheus/prometheus.yaml").read_text("utf-8"))
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(OBSERVABILITY / "prometheus/rules.yaml")]
        jobs = {f"parley-{stage}": [cluster.metrics[name] for name in cluster.replica_names[stage]] for stage in STAGES}
        jobs |= {"parley-gateway": [cluster.http], "parley-jobs": [cluster.metrics["jobs-1"]]}
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


async def _upload(cluster: Cluster, name: str = "desk.flac", model: str = "whisper-1") -> None:
    """A recording over HTTP."""
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}", timeout=60) as client:
        files, data = {"file": (name, (ROOT / "examples" / name).read_bytes())}, {"model": model}
        answer = await client.post("/v1/audio/transcriptions", files=files, data=data)
        assert answer.is_success, answer.text


async def _change(cluster: Cluster, what: str, **asked: Any) -> None:
    """As an operator does."""
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}", timeout=30) as client:
        answer = await client.post(f"/v1/rollouts/{what}", json=asked)
        assert answer.is_success, answer.text


async def _pipelines(cluster: Cluster, times: int) -> None:
    """One word through every stage, so often, a few at a time."""
    config = PipelineConfig(denoise={}, asr={}, diarize={}, translate=[{"target_language": "de"}])
    async with cluster.client() as client:

        async def one() -> None:
            requests = requests_of(PipelineRequest, config, cut(WORD))
            async for _ in client.stream("Pipeline", requests, timeout_s=60):
                pass

        for _ in range(times // 2):
            await asyncio.gather(one(), one())


async def _told_apart(cluster: Cluster) -> None:
    """Seconds of sound, whose tracks are judged."""
    config = pipeline_config([SeparateConfig()])
    async with cluster.client() as client:
        async for _ in client.stream("Pipeline", requests_of(PipelineRequest, config, cut(TALK)), timeout_s=60):
            pass


async def _is_loaded(cluster: Cluster) -> bool:
    """The version that only a route names is there."""
    return not (await cluster.status())["unserved"]


async def _versions(cluster: Cluster) -> None:
    """One is tried, one trial has ended; streams enough for a baseline, and for what comes after it."""
    await until(lambda: _is_loaded(cluster), 0.2)
    await _upload(cluster, "desk.flac", "asr/real")
    await _change(cluster, "begin", alias="asr/ended", model="echo@2", plan=[50, 100])
    await _change(cluster, "stop", alias="asr/ended")
    await _change(cluster, "begin", alias="asr/tried", model="echo@2", plan=[50, 100])
    await _pipelines(cluster, DRIFTING)
    await _upload(cluster, "one-speaker.flac", "asr/real")


async def _job(cluster: Cluster) -> None:
    """In the background, of which nobody is told."""
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}", timeout=60) as client:
        files = {"file": (ROOT / "examples/desk.flac").read_bytes()}
        answer = await client.post("/v1/jobs", files=files, data={"webhook": f"http://{free_address()}"})
        assert answer.is_success, answer.text


async def _call(cluster: Cluster) -> None:
    """By telephone, of which nobody is told either."""
    asked = {"webhook": f"http://{free_address()}"}
    async with connect(f"ws://{cluster.http}/v1/twilio") as twilio:
        for message in (*started("CA1", asked), *spoken("CA1", bytes(1600), ("inbound",)), STOP):
            await twilio.send(message)
        await twilio.wait_closed()


async def _round(cluster: Cluster) -> None:
    """More people than there are places; one of two replicas is killed while they talk. A job and a call too."""
    await _call(cluster)
    await _upload(cluster)
    await _job(cluster)
    await _told_apart(cluster)
    await _talk(cluster, 0.01)  # a shadow hears all of this one
    people = [asyncio.create_task(_talk(cluster)) for _ in range(2 * PLACES)]
    await asyncio.sleep(4)  # some have been heard, and all go on talking
    name = await cluster.busiest("asr")
    cluster.kill(name)
    await asyncio.gather(*people)
    await _upload(cluster)
    cluster.start_service(name)
    await until(lambda: _both_serve(cluster), 0.1)


def _golden(folder: Path) -> Path:
    """A recording whose words are known."""
    golden = folder / "golden"
    golden.mkdir()
    with wave.open(str(golden / "word.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(WORD)
    (golden / "word.txt").write_text("word")
    return golden


async def _both_serve(cluster: Cluster) -> bool:
    return all(each["health"] == "SERVING" for each in await cluster.replicas("asr"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Prometheus]:
    """A run in which everything happens that a panel is about."""
    folder = tmp_path_factory.mktemp("watched")
    env = {"PARLEY_MODELS_ROOT": f"{models_root(folder, 'asr', '2')},models/embedded"}
    env["PARLEY_TELEMETRY__ENGINE_PRICE"] = "0.04"
    (folder / "routes.toml").write_text(ROUTES)
    rollouts = {"reference": {"folder": str(_golden(folder)), "every_s": 2.0}}
    routes, limits = str(folder / "routes.toml"), {"streams": PLACES}
    telephony = {"webhook_secret": SECRET, "private": ["127.0.0.1"]}
    more = {
        "replicas": 2,
        "telephony": telephony,
        "env": env,
        "routes_file": routes,
        "limits": limits,
        "rollouts": rollouts,
    }
    cluster = JobsCluster(folder, STAGES, jobs={"webhook_secret": SECRET}, webhook_secret=SECRET, more=more)
    try:
        await cluster.start()
        prometheus = Prometheus(folder, cluster)
        with prometheus.running():
            await until(lambda: prometheus.ask("up == 1"), 0.1)
            # Twice: a counter that is new with its first event has not grown yet.
            for _ in range(2):
                await _round(cluster)
            await _versions(cluster)
            yield prometheus
    finally:
        cluster.stop()


@pytest.mark.parametrize("query", QUERIES)
async def test_a_panel_shows_something(watched: Prometheus, query: str) -> None:
    """Numbers, not "No data": also those that only rules give."""
    await until(lambda: watched.ask(query), 0.2)


@pytest.mark.parametrize("query", GUIDE)
async def test_a_query_of_the_guide_to_costs_gives_numbers(watched: Prometheus, query: str) -> None:
    """Word by word as it stands there."""
    await until(lambda: watched.ask(query), 0.2)


async def test_the_dashboards_are_what_their_source_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python deploy/observability/grafana/write.py` would change nothing."""
    script = OBSERVABILITY / "grafana/write.py"
    monkeypatch.syspath_prepend(script.parent)  # as it is for a script
    spec = importlib.util.spec_from_file_location("dashboards", script)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.texts() == {path: path.read_text("utf-8") for path in DASHBOARDS}
