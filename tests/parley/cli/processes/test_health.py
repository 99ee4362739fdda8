"""What a container's health check says of a process."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley.cli.processes.health import check
from parley.cli.processes.ports import free_address
from parley.errors import BadInput, Unavailable


@pytest.fixture
def listening() -> Iterator[str]:
    """Takes connections, and answers nobody who has no certificate."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("key", ["http", "listen"])
def test_behind_certificates_that_it_listens_must_do(tmp_path: Path, listening: str, key: str) -> None:
    """The check has no certificate to show; of a process that is gone it says so."""
    config = tmp_path / "process.toml"
    config.write_text(f'{key} = "{listening}"\ntls = {{cert = "a", key = "b", client_ca = "c"}}\n')
    check(config)
    config.write_text(config.read_text().replace(listening, free_address()))
    with pytest.raises(Unavailable, match="is not well"):
        check(config)


def test_certificates_may_be_named_by_the_environment(
    tmp_path: Path, listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every key."""
    config = tmp_path / "process.toml"
    config.write_text('listen = "0.0.0.0:1"\n')
    monkeypatch.setenv("PARLEY_LISTEN", listening.replace("127.0.0.1", "0.0.0.0"))
    monkeypatch.setenv("PARLEY_TLS__CERT", "a")
    check(config)


def test_a_config_that_is_none_is_told(tmp_path: Path) -> None:
    """Neither healthy nor ill."""
    with pytest.raises(BadInput, match="cannot be read"):
        check(tmp_path / "none.toml")


def test_a_worker_takes_no_calls(tmp_path: Path, listening: str) -> None:
    """It is well where it tells its numbers."""
    config = tmp_path / "jobs.toml"
    config.write_text(f'folder = "jobs"\n[telemetry]\nmetrics = "{listening}"\n')
    check(config)
    config.write_text(config.read_text().replace(listening, free_address()))
    with pytest.raises(Unavailable, match="is not well"):
        check(config)
