"""Which processes `parley up` starts, and how."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.target.ports import free_port
from parley.cli.house import House, find_root
from parley.errors import BadInput


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


def house(root: Path, http_port: int = 0) -> House:
    return House(root, root / "deploy/config", Path("/run/x"), root / "logs", http_port or free_port(), free_port())


def test_every_config_file_is_a_process(root: Path) -> None:
    """A fifth stage is started without an edit here, and the gateway is told where it is."""
    commands = {each.name: each for each in house(root).commands()}
    assert commands["separate"].arguments[1:3] == ("-m", "services.separate")
    assert commands["separate"].env["PARLEY_LISTEN"] == "unix:/run/x/separate.sock"
    assert commands["gateway"].env["PARLEY_UPSTREAMS__SEPARATE"] == "unix:/run/x/separate.sock"


def test_a_variable_may_be_for_one_process(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others never see it, and no name that starts likewise is mistaken for it."""
    for name, text in (("ASR__BATCH__MAX_SIZE", "8"), ("GATEWAY__LIMITS__STREAMS", "9"), ("TELEMETRY__SAMPLE", "0.5")):
        monkeypatch.setenv(f"PARLEY_{name}", text)
    seen = {each.name: {k: v for k, v in each.env.items() if v in ("8", "9", "0.5")} for each in house(root).commands()}
    shared = {"PARLEY_TELEMETRY__SAMPLE": "0.5"}
    assert seen == {
        "asr": shared | {"PARLEY_BATCH__MAX_SIZE": "8"},
        "gateway": shared | {"PARLEY_LIMITS__STREAMS": "9"},
        "separate": shared,
    }


def test_a_taken_metrics_port_is_replaced(root: Path, taken: int) -> None:
    """Metrics are not worth a failed start."""
    (root / "deploy/config/asr.toml").write_text(f'[telemetry]\nmetrics = "0.0.0.0:{taken}"\n')
    commands = {each.name: each for each in house(root).commands()}
    address = commands["asr"].env["PARLEY_TELEMETRY__METRICS"]
    assert address.startswith("127.0.0.1:")
    assert not address.endswith(f":{taken}")


def test_a_taken_port_is_named_with_its_option(root: Path, taken: int) -> None:
    """Before anything is started."""
    with pytest.raises(BadInput, match=f"{taken} is taken.*--http-port"):
        house(root, taken).commands()


def test_a_folder_without_a_gateway_is_no_house(root: Path) -> None:
    """A mistyped --config must not start services that nobody can reach."""
    (root / "deploy/config/gateway.toml").unlink()
    with pytest.raises(BadInput, match=r"holds no gateway.toml.*--config"):
        house(root).commands()


def test_logs_begin_anew(root: Path) -> None:
    """The last line of an old log is not today's error."""
    (root / "logs").mkdir()
    (root / "logs/asr.log").write_text("old")
    house(root).commands()
    assert not (root / "logs/asr.log").exists()


def test_the_repository_is_found() -> None:
    """From wherever one stands."""
    assert (find_root() / "deploy/config/gateway.toml").is_file()
