"""Where the gateway may listen."""

from pathlib import Path
from typing import Any

import pytest

from gateway.access.exposure import check
from gateway.config import GatewayConfig
from parley.errors import BadConfig
from parley.wire.tls import TlsConfig

AWAY = {"http": "0.0.0.0:8080"}


@pytest.fixture
def pem(tmp_path: Path) -> str:
    (tmp_path / "x.pem").touch()
    return str(tmp_path / "x.pem")


@pytest.mark.parametrize(
    "told", [{}, {"http": "localhost:1"}, {"grpc": "unix:/run/x.sock"}, {"http": "[::1]:1"}, AWAY | {"insecure": True}]
)
def test_at_home_nothing_is_asked_for(told: dict[str, Any]) -> None:
    """This machine only, or told to."""
    check(GatewayConfig(upstreams={}, **told))


@pytest.mark.parametrize("told", [AWAY, {"grpc": "[::]:1"}, AWAY | {"keys_file": "k.json"}])
def test_open_to_the_world_it_does_not_start(told: dict[str, Any]) -> None:
    """Without keys, or without TLS, it says what is missing."""
    with pytest.raises(BadConfig, match="--insecure"):
        check(GatewayConfig(upstreams={}, **told))


def test_with_keys_and_tls_it_does(pem: str) -> None:
    """Or with certificates of the callers."""
    check(GatewayConfig(upstreams={}, keys_file="k.json", tls=TlsConfig(pem, pem), http="0.0.0.0:1"))
    check(GatewayConfig(upstreams={}, tls=TlsConfig(pem, pem, pem), http="0.0.0.0:1"))


@pytest.mark.parametrize("tls", [TlsConfig(cert="x.pem"), TlsConfig(client_ca="x.pem"), TlsConfig("no.pem", "no.pem")])
def test_half_a_certificate_is_none(tls: TlsConfig) -> None:
    """What does not fit together is said at the start."""
    with pytest.raises(BadConfig, match="tls"):
        check(GatewayConfig(upstreams={}, tls=tls))
