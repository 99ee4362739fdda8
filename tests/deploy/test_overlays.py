"""What is added to compose by another file: it merges, is bounded and pinned, and names only what exists."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import GatewayConfig
from parley import config
from services.jobs.config import WorkerConfig
from tests.deploy.rendered import ROOT

DEPLOY = ROOT / "deploy"
OVERLAYS = sorted(path.name for path in DEPLOY.glob("compose.*.yaml"))
OBSERVABILITY = DEPLOY / "observability"
ENV = {"PARLEY_TOKEN": "0123456789abcdef0123456789abcdef", "PATH": "/usr/bin:/bin"}


def merged(*overlays: str) -> dict[str, Any]:
    """The services as the engine's own tool merges them."""
    files = [word for name in ("compose.yaml", *overlays) for word in ("-f", name)]
    done = subprocess.run(
        ("docker-compose", *files, "config"), cwd=DEPLOY, env=ENV, capture_output=True, text=True, timeout=60
    )
    assert not done.returncode, done.stderr
    services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return services


@pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="needs docker-compose: apt-get install docker-compose"
)
@pytest.mark.parametrize(
    "overlays", [[name] for name in OVERLAYS] + [OVERLAYS], ids=lambda each: each[-1] if len(each) == 1 else "all"
)
def test_an_overlay_merges(overlays: list[str]) -> None:
    """By the schema of compose; every process keeps its token, its bounds and its ports."""
    plain, services = merged(), merged(*overlays)
    for name, before in plain.items():
        assert services[name]["environment"].items() >= before["environment"].items()
        for kept in ("cap_drop", "read_only", "pids_limit", "security_opt"):
            assert services[name][kept] == before[kept]
    for name, service in services.items():
        assert service["pids_limit"], name
        assert service["mem_limit"], name
        assert all(str(port).startswith("127.0.0.1:") or "127.0.0.1" in str(port) for port in service.get("ports", ()))


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_others_make_is_pinned(name: str) -> None:
    """An image that is not built here has a tag that stays."""
    for service in yaml.safe_load((DEPLOY / name).read_text("utf-8"))["services"].values():
        image = service.get("image", "")
        if image and not image.startswith("parley/"):
            assert re.fullmatch(r"[\w./-]+:v?\d[\w.-]+", image)
    assert all(
        re.fullmatch(r"[\w./-]+:\d[\w.-]+", base) for base in re.findall(r'BASE: "(.+)"', (DEPLOY / name).read_text())
    )


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_is_mounted_is_there(name: str) -> None:
    """Every file and folder of the repository that a container reads."""
    for service in yaml.safe_load((DEPLOY / name).read_text("utf-8"))["services"].values():
        for here in (str(volume).partition(":")[0] for volume in service.get("volumes", ())):
            assert not here.startswith("./") or (DEPLOY / here).exists()


def test_the_collector_passes_on_what_it_takes() -> None:
    """Every pipeline names receivers, processors and exporters that are defined, and none is defined in vain."""
    config = yaml.safe_load((OBSERVABILITY / "collector.yaml").read_text("utf-8"))
    for part in ("receivers", "processors", "exporters"):
        used = {name for pipeline in config["service"]["pipelines"].values() for name in pipeline[part]}
        assert used == set(config[part])


def test_traces_go_where_the_collector_listens() -> None:
    """And it sends them, and logs, to where Grafana looks."""
    services = yaml.safe_load((DEPLOY / "compose.observability.yaml").read_text("utf-8"))["services"]
    config = yaml.safe_load((OBSERVABILITY / "collector.yaml").read_text("utf-8"))
    told = {
        each["environment"]["PARLEY_TELEMETRY__TRACES"]
        for each in services.values()
        if "PARLEY_TELEMETRY__TRACES" in each.get("environment", {})
    }
    port = config["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]
    assert told == {f"http://collector:{port}/v1/traces"}
    for exporter in config["exporters"].values():
        host, _, port = re.sub(r"^http://|/.*$", "", exporter["endpoint"]).partition(":")
        assert port in services[host]["expose"]


def test_dashboards_ask_sources_that_there_are() -> None:
    """By the names under which Grafana gets them; and what they lead to is there too."""
    sources = yaml.safe_load((OBSERVABILITY / "grafana/provisioning/datasources/parley.yaml").read_text("utf-8"))
    known = {each["uid"] for each in sources["datasources"]}
    asked = {
        panel["datasource"]["uid"]
        for path in Path(OBSERVABILITY / "grafana/dashboards").glob("*.json")
        for panel in json.loads(path.read_text("utf-8"))["panels"]
    }
    assert asked <= known
    assert (
        set(
            re.findall(
                r"datasourceUid: (\w+)", (OBSERVABILITY / "grafana/provisioning/datasources/parley.yaml").read_text()
            )
        )
        <= known
    )


def test_workers_of_jobs_and_the_gateway_agree() -> None:
    """On the folder, which both mount, and the secret; the worker finds the gateway by its name."""
    services = yaml.safe_load((DEPLOY / "compose.jobs.yaml").read_text("utf-8"))["services"]
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    worker, gateway = services["jobs"]["environment"], services["gateway"]["environment"]
    assert worker["PARLEY_FOLDER"] == gateway["PARLEY_JOBS__FOLDER"]
    assert worker["PARLEY_TOKEN"] == gateway["PARLEY_JOBS__TOKEN"]
    volume = next(
        each for each in compose["gateway"]["volumes"] if worker["PARLEY_FOLDER"].startswith(each.split(":")[1])
    )
    assert volume in services["jobs"]["volumes"]
    settings = config.load(WorkerConfig, DEPLOY / "config/jobs.toml", worker)
    known = config.load(GatewayConfig, DEPLOY / "config/gateway.toml", {})
    assert settings.gateway == f"gateway:{known.grpc.rpartition(':')[2]}"
    assert services["jobs"]["expose"] == [settings.telemetry.metrics.rpartition(":")[2]]
