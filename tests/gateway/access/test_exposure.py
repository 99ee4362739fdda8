"""Where the gateway may listen."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.access.exposure import check
from gateway.config import AudioSocketConfig, GatewayConfig, TelephonyConfig, TwilioConfig, WyomingConfig
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


@pytest.mark.parametrize(
    "told",
    [
        {"listen": "127.0.0.1:10300"},
        {"listen": "0.0.0.0:10300", "open": True},
        {"listen": "localhost:1", "key": "k"},
        {},
    ],
)
def test_wyoming_listens_where_it_is_told(told: dict[str, Any]) -> None:
    """To other machines only where that is said in a word of its own."""
    check(GatewayConfig(upstreams={}, wyoming=WyomingConfig(**told)))


@pytest.mark.parametrize(
    ("told", "right"),
    [
        ({"listen": "0.0.0.0:10300"}, "wyoming.open = true"),
        ({"listen": "10300"}, "write host:port"),
        ({"listen": "127.0.0.1:x"}, "write host:port"),
    ],
)
def test_wyoming_is_open_to_others_on_purpose_only(told: dict[str, Any], right: str) -> None:
    """Its protocol asks nobody who they are, whatever `insecure` says of the other ports."""
    with pytest.raises(BadConfig, match=re.escape(right)):
        check(GatewayConfig(upstreams={}, insecure=True, wyoming=WyomingConfig(**told)))


def test_where_keys_are_asked_for_wyoming_has_one() -> None:
    """What comes there counts as its calls."""
    with pytest.raises(BadConfig, match=r"`wyoming\.key` is empty"):
        check(GatewayConfig(upstreams={}, keys_file="k.json", wyoming=WyomingConfig("127.0.0.1:1")))


def test_audiosocket_is_open_on_purpose_only_and_has_a_key() -> None:
    """As Wyoming's port is."""

    def of(**told: Any) -> GatewayConfig:
        return GatewayConfig(upstreams={}, telephony=TelephonyConfig(audiosocket=AudioSocketConfig(**told)))

    check(of(listen="127.0.0.1:9092"))
    check(of(listen="0.0.0.0:9092", open=True))
    with pytest.raises(BadConfig, match=r"telephony\.audiosocket\.open = true"):
        check(of(listen="0.0.0.0:9092"))
    with pytest.raises(BadConfig, match=r"`telephony\.audiosocket\.key` is empty"):
        check(replace(of(listen="127.0.0.1:9092"), keys_file="k.json"))


def test_a_key_for_twilio_needs_its_signatures() -> None:
    """Else whoever calls would have it."""
    with pytest.raises(BadConfig, match="would let everybody in"):
        check(GatewayConfig(upstreams={}, telephony=TelephonyConfig(twilio=TwilioConfig(key="k"))))


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
