"""Which processes `parley up` starts, and how."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config import GatewayConfig
from parley.cli.processes.deployment import Deployment
from parley.cli.processes.ports import free_port
from parley.config import load
from parley.errors import BadInput
from parley.places import Places


@pytest.fixture
def root(tmp_path: Path) -> Path:
    configs = tmp_path / "deploy/config"
    configs.mkdir(parents=True)
    (configs / "gateway.toml").write_text("")
    for stage in ("asr", "separate"):
        (configs / f"{stage}.toml").write_text(f'[telemetry]\nmetrics = "0.0.0.0:{free_port()}"\n')
    return tmp_path


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()
        yield int(place.getsockname()[1])


def deployment(root: Path, http_port: int = 0, **replicas: int) -> Deployment:
    places = Places(root, root / "home", root / "logs", root / "added")
    return Deployment(places, places.configs, Path("/run/x"), http_port or free_port(), free_port(), replicas)


def test_every_config_file_is_a_process(root: Path) -> None:
    """A fifth stage is started without an edit here, and the gateway is told where it is."""
    commands = {each.name: each for each in deployment(root).commands()}
    assert commands["separate"].arguments[1:3] == ("-m", "services.separate")
    assert commands["separate"].env["PARLEY_LISTEN"] == "unix:/run/x/separate.sock"
    assert commands["gateway"].env["PARLEY_UPSTREAMS__SEPARATE"] == "unix:/run/x/separate.sock"


def test_a_variable_may_be_for_one_process(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others never see it, and no name that starts likewise is mistaken for it."""
    for name, text in (("ASR__BATCH__MAX_SIZE", "8"), ("GATEWAY__LIMITS__STREAMS", "9"), ("TELEMETRY__SAMPLE", "0.5")):
        monkeypatch.setenv(f"PARLEY_{name}", text)
    seen = {
        each.name: {k: v for k, v in each.env.items() if v in ("8", "9", "0.5")} for each in deployment(root).commands()
    }
    shared = {"PARLEY_TELEMETRY__SAMPLE": "0.5"}
    assert seen == {
        "asr": shared | {"PARLEY_BATCH__MAX_SIZE": "8"},
        "gateway": shared | {"PARLEY_LIMITS__STREAMS": "9"},
        "separate": shared,
    }


def test_a_taken_metrics_port_is_replaced(root: Path, taken: int) -> None:
    """Metrics are not worth a failed start."""
    (root / "deploy/config/asr.toml").write_text(f'[telemetry]\nmetrics = "0.0.0.0:{taken}"\n')
    commands = {each.name: each for each in deployment(root).commands()}
    address = commands["asr"].env["PARLEY_TELEMETRY__METRICS"]
    assert address.startswith("127.0.0.1:")
    assert not address.endswith(f":{taken}")


def test_a_taken_port_is_named_with_its_option(root: Path, taken: int) -> None:
    """Before anything is started."""
    with pytest.raises(BadInput, match=f"{taken} is taken.*--http-port"):
        deployment(root, taken).commands()


@pytest.mark.parametrize(("name", "option"), [("HTTP", "--http-port"), ("GRPC", "--grpc-port")])
def test_a_variable_that_would_not_be_heeded_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, option: str
) -> None:
    """With the option that does it."""
    monkeypatch.setenv(f"PARLEY_GATEWAY__{name}", "0.0.0.0:80")
    with pytest.raises(BadInput, match=f"{option} names; unset PARLEY_GATEWAY__{name}"):
        deployment(root).commands()


def test_a_folder_without_a_gateway_is_no_deployment(root: Path) -> None:
    """A mistyped --config must not start services that nobody can reach."""
    (root / "deploy/config/gateway.toml").unlink()
    with pytest.raises(BadInput, match=r"holds no gateway.toml.*--config"):
        deployment(root).commands()


def test_logs_begin_anew(root: Path) -> None:
    """The last line of an old log is not today's error."""
    (root / "logs").mkdir()
    (root / "logs/asr.log").write_text("old")
    deployment(root).commands()
    assert not (root / "logs/asr.log").exists()


def test_replicas_are_processes_of_their_own(root: Path) -> None:
    """Each has a socket, a log and a metrics port, and the gateway is told all of them."""
    commands = {each.name: each for each in deployment(root, separate=2).commands()}
    assert list(commands) == ["asr", "separate-1", "separate-2", "gateway"]
    sockets = [commands[name].env["PARLEY_LISTEN"] for name in ("separate-1", "separate-2")]
    assert commands["gateway"].env["PARLEY_UPSTREAMS__SEPARATE"] == ",".join(sockets)
    assert len({commands[name].env["PARLEY_TELEMETRY__METRICS"] for name in ("separate-1", "separate-2")}) == 2
    assert len({commands[name].log for name in commands}) == 4


def test_replicas_of_nothing_are_refused(root: Path) -> None:
    """A mistyped stage is said with those that there are."""
    with pytest.raises(BadInput, match=r"--replicas names 'asl'.*there are asr, separate"):
        deployment(root, asl=2).commands()


def test_processes_import_from_the_tree_and_run_in_the_home(root: Path) -> None:
    """Whatever lies in the folder where they run is not imported, and services look for added models first."""
    command = deployment(root).commands()[0]
    assert (command.folder, command.env["PYTHONSAFEPATH"]) == (root / "home", "1")
    assert command.env["PYTHONPATH"].startswith(str(root))
    assert command.env["PARLEY_MODELS_ROOT"] == f"{root}/added,{root}/models/embedded"


def test_a_config_that_names_its_models_folder_is_obeyed(root: Path) -> None:
    """The installation's own folders are a default."""
    (root / "deploy/config/asr.toml").write_text('models_root = "/mine"\n')
    assert "PARLEY_MODELS_ROOT" not in deployment(root).commands()[0].env


def test_what_is_loaded_by_command_is_kept(root: Path) -> None:
    """In a file a stage."""
    commands = {each.name: each for each in deployment(root).commands()}
    assert commands["asr"].env["PARLEY_COMMANDED_FILE"] == str(root / "home/loaded-asr.json")


def test_a_profile_adds_aliases(root: Path) -> None:
    """The gateway learns the alias as if its config had it."""
    more = replace(deployment(root), routes={"asr/accurate": "big@1"})
    commands = {each.name: each for each in more.commands()}
    read = ("PARLEY_ROUTES__", "PARLEY_UPSTREAMS__")
    told = {name: text for name, text in commands["gateway"].env.items() if name.startswith(read)}
    config = load(GatewayConfig, None, {"PARLEY_HTTP": "a:1", "PARLEY_GRPC": "a:2", **told})
    assert config.routes == {"asr/accurate": {"big@1": 100}}
    assert list(more.unrouted()) == []
    (root / "home").mkdir(exist_ok=True)
    (root / "home/routes.toml").write_text('["asr/default"]\n"tiny@1" = 1\n')
    assert list(more.unrouted()) == ["parley routes set asr/accurate big@1=100"]


def test_changed_routes_are_kept_where_nobody_says_where(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of other configs are others; a file of the config's or the environment's goes before."""
    kept = {each.name: each for each in deployment(root).commands()}["gateway"].env["PARLEY_ROUTES_FILE"]
    assert kept == str(root / "home/routes.toml")
    (root / "deploy/config").rename(root / "deploy/echo")
    (root / "deploy/config").mkdir()
    other = replace(deployment(root), configs=root / "deploy/echo")
    gateway = {each.name: each for each in other.commands()}["gateway"]
    assert gateway.env["PARLEY_ROUTES_FILE"] == str(root / "home/routes-echo.toml")
    (root / "deploy/echo/gateway.toml").write_text('routes_file = "own.toml"\n')
    assert "PARLEY_ROUTES_FILE" not in {each.name: each for each in other.commands()}["gateway"].env
    monkeypatch.setenv("PARLEY_GATEWAY__ROUTES_FILE", "/mine.toml")
    assert {each.name: each for each in other.commands()}["gateway"].env["PARLEY_ROUTES_FILE"] == "/mine.toml"


def with_jobs(root: Path, gateway: str = "") -> dict[str, dict[str, str]]:
    """Process -> its environment, where there is a worker of background jobs."""
    (root / "deploy/config/jobs.toml").write_text('folder = "jobs"\ngateway = "gateway:50051"\n')
    (root / "deploy/config/gateway.toml").write_text(gateway)
    return {each.name: dict(each.env) for each in deployment(root).commands()}


def test_gateway_and_worker_agree(root: Path) -> None:
    """On the folder and the secret; the worker comes by a socket of this account, and is no stage."""
    env = with_jobs(root)
    gateway, worker = env["gateway"], env["jobs"]
    assert gateway["PARLEY_JOBS__FOLDER"] == worker["PARLEY_FOLDER"] == str(root / "home/jobs")
    assert gateway["PARLEY_JOBS__TOKEN"] == worker["PARLEY_TOKEN"] != with_jobs(root)["jobs"]["PARLEY_TOKEN"]
    assert gateway["PARLEY_LOCAL"] == worker["PARLEY_GATEWAY"] == "unix:/run/x/gateway.sock"
    assert "PARLEY_UPSTREAMS__JOBS" not in gateway


def test_what_the_gateway_is_told_of_jobs_holds_for_the_worker(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its file or by a variable."""
    monkeypatch.setenv("PARLEY_GATEWAY__JOBS__DATABASE", "postgresql://db/jobs")
    env = with_jobs(root, '[jobs]\nfolder = "/srv/jobs"\n')
    assert env["jobs"]["PARLEY_FOLDER"] == "/srv/jobs"
    assert env["gateway"]["PARLEY_JOBS__DATABASE"] == env["jobs"]["PARLEY_DATABASE"] == "postgresql://db/jobs"


@pytest.mark.parametrize("how", ["file", "variable"])
def test_jobs_can_be_left_out(root: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Then there is no worker."""
    if how == "variable":
        monkeypatch.setenv("PARLEY_GATEWAY__JOBS__ON", "false")
    assert "jobs" not in with_jobs(root, "[jobs]\non = false\n" if how == "file" else "")
