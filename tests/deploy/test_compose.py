"""The container files, read: there is no engine here to run them."""

import importlib
import re
import shlex
from typing import Any

import pytest
import yaml

from gateway.access import exposure
from gateway.access.pages import Pages
from gateway.config import GatewayConfig
from parley import config
from parley.errors import BadConfig, UnknownHost
from parley.wire import trust
from tests.deploy.rendered import ROOT, STAGES

COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text("utf-8")


def settings_of(process: str) -> Any:
    """The process's config, read as the process reads it."""
    path = ROOT / f"deploy/config/{process}.toml"
    if process == "gateway":
        return config.load(GatewayConfig, path, {})
    return config.load(importlib.import_module(f"services.{process}.stage").STAGE.config, path, {})


def port(address: str) -> str:
    return address.rpartition(":")[2]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's lines, continued ones joined."""
    whole = "\n".join(line for line in DOCKERFILE.splitlines() if line.strip() and not line.startswith("#"))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in whole.replace("\\\n", " ").splitlines())]


def test_compose_runs_every_stage_and_the_gateway() -> None:
    """None is forgotten, and none is made up."""
    assert sorted(SERVICES) == sorted([*STAGES, "gateway"])


@pytest.mark.parametrize("process", SERVICES)
def test_a_process_is_built_for_its_own_stage(process: str) -> None:
    """From the Dockerfile that exists, with a config that loads."""
    build = SERVICES[process]["build"]
    assert build["args"] == {"STAGE": process}
    assert (ROOT / "deploy" / build["context"] / build["dockerfile"]).is_file()
    assert settings_of(process)


def test_changed_routes_outlive_the_container() -> None:
    """They are kept in a volume, in a folder that the image's user owns; nothing else may be written."""
    volume, folder = SERVICES["gateway"]["volumes"][1].split(":")
    assert volume in COMPOSE["volumes"]
    assert SERVICES["gateway"]["environment"]["PARLEY_ROUTES_FILE"].startswith(f"{folder}/")
    assert f"--owner parley {folder.removeprefix('/parley/')}" in DOCKERFILE


@pytest.mark.parametrize("process", SERVICES)
def test_configs_are_mounted_where_the_image_reads_them(process: str) -> None:
    """Compose and `parley up` read the same files."""
    volume = SERVICES[process]["volumes"][0]
    here, there, mode = volume.split(":")
    assert (ROOT / "deploy" / here / f"{process}.toml").is_file()
    assert (there, mode) == ("/parley/deploy/config", "ro")


@pytest.mark.parametrize("stage", STAGES)
def test_ports_agree_with_the_configs(stage: str) -> None:
    """The gateway finds each service where its config says that it listens, from another machine too."""
    settings = settings_of(stage)
    assert settings_of("gateway").upstreams[stage] == (f"{stage}:{port(settings.listen)}",)
    assert settings.listen.startswith("0.0.0.0:")
    assert SERVICES[stage]["expose"] == [port(settings.listen), port(settings.telemetry.metrics)]


def test_the_gateways_ports_are_published_on_this_machine_alone() -> None:
    """Both, under their own numbers; the engine itself goes round a firewall's rules."""
    settings = settings_of("gateway")
    published = [f"127.0.0.1:{port(a)}:{port(a)}" for a in (settings.http, settings.grpc)]
    assert SERVICES["gateway"]["ports"] == published
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["gateway"]
    assert settings.http.startswith("0.0.0.0:")
    assert settings.grpc.startswith("0.0.0.0:")


@pytest.mark.parametrize("process", SERVICES)
def test_every_process_gets_the_token(process: str) -> None:
    """The same; without one compose says how to make it, and no service would listen."""
    given = SERVICES[process]["environment"]["PARLEY_TOKEN"]
    assert given.startswith("${PARLEY_TOKEN:?")
    assert "openssl rand -hex 32" in given
    env = {"PARLEY_TOKEN": "0123456789abcdef0123456789abcdef"}
    if process == "gateway":
        exposure.check(
            config.load(GatewayConfig, ROOT / "deploy/config/gateway.toml", env | {"PARLEY_INSECURE": "true"})
        )
        return
    kind = importlib.import_module(f"services.{process}.stage").STAGE.config
    settings = config.load(kind, ROOT / f"deploy/config/{process}.toml", env)
    trust.check_listen(settings.listen, settings.token, settings.tls)
    with pytest.raises(BadConfig, match="PARLEY_TOKEN"):
        trust.check_listen(settings_of(process).listen, "", settings.tls)


@pytest.mark.parametrize("process", SERVICES)
def test_no_process_takes_the_machine(process: str) -> None:
    """Threads and memory have an end, and the uploads that the gateway may hold fit in twice."""
    assert 100 <= SERVICES[process]["pids_limit"] <= 4096
    memory = int(SERVICES[process]["mem_limit"].removesuffix("g")) << 30
    assert memory >= (2 * settings_of("gateway").limits.uploads_bytes if process == "gateway" else 1 << 30)


def test_in_compose_the_gateway_knows_its_names() -> None:
    """Its own, localhost and addresses; not those that somebody makes lead here."""
    env = SERVICES["gateway"]["environment"] | {"PARLEY_TOKEN": "0123456789abcdef"}
    settings = config.load(GatewayConfig, ROOT / "deploy/config/gateway.toml", env)
    exposure.check(settings)
    pages = Pages(settings.allow.hosts, (), has_keys=False, is_exposed=exposure.is_exposed(settings))
    for host in ("gateway:8080", "localhost:8080", "127.0.0.1:8080"):
        pages.check(host, None, changes=True)
    with pytest.raises(UnknownHost):
        pages.check("evil.example:8080", None, changes=False)


def test_the_gateway_waits_for_every_service() -> None:
    """Started is not ready."""
    waits = SERVICES["gateway"]["depends_on"]
    assert {name: how["condition"] for name, how in waits.items()} == dict.fromkeys(STAGES, "service_healthy")


@pytest.mark.parametrize("process", SERVICES)
def test_streams_get_their_grace(process: str) -> None:
    """The engine kills no sooner than the process gives up by itself."""
    grace = SERVICES[process]["stop_grace_period"]
    assert float(grace.removesuffix("s")) > settings_of(process).drain_s


def test_the_image_is_for_one_stage_and_no_root() -> None:
    """It asks which stage, and drops its rights before it runs."""
    words = [word for word, _ in instructions()]
    told = dict(instructions())
    assert "ARG STAGE" in DOCKERFILE
    assert told["USER"] not in ("root", "0")
    assert words.index("USER") < words.index("CMD")
    assert "parley.cli.processes.health" in told["HEALTHCHECK"]
    assert "exec python" in told["CMD"]


def test_the_image_copies_only_what_exists_and_is_let_in() -> None:
    """What .dockerignore keeps out cannot be copied."""
    let_in = {
        line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"
    }
    for word, rest in instructions():
        *sources, _ = shlex.split(rest) if word == "COPY" else [""]
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] in let_in, source


def test_what_serves_is_pinned_as_everything_is() -> None:
    """`make run` and `make test` use the same versions."""
    serve, everything = (pins(name) for name in ("requirements-serve.lock", "requirements.lock"))
    assert serve <= everything
    assert not {"pytest", "locust", "openvino", "mypy"} & {pin.partition("==")[0] for pin in serve}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-serve.lock"])
def test_every_pin_has_its_hashes(name: str) -> None:
    """What is installed is what was locked, byte for byte; and nobody who serves downloads torch."""
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text("utf-8"))
    assert len(blocks) == len(pins(name)) > 20
    assert [block.partition(" ")[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert not {"torch", "nvidia-cublas"} & {pin.partition("==")[0] for pin in pins(name)}


def pins(name: str) -> set[str]:
    return {
        line.removesuffix(" \\").partition(" ;")[0]
        for line in (ROOT / name).read_text("utf-8").splitlines()
        if line[:1].isalpha()
    }
