"""The gate, with keys, in front of an app that lets everything in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from gateway.access.keys import KeyRing
from gateway.http.gate import Gate
from parley.errors import CircuitOpen
from parley.wire.keys import make, write
from tests.gateway.conftest import FakeCore

TEXT, KEY = make("ann", ["use"])


@pytest.fixture
def gated(http_app: Starlette, tmp_path: Path) -> Iterator[TestClient]:
    write(tmp_path / "keys.json", [KEY])
    with TestClient(Gate(http_app, KeyRing(tmp_path / "keys.json"))) as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/models", "/v1/status", "/translate", "/detect", "/v1/pipeline", "/v1/realtime"])
def test_an_api_needs_a_key(gated: TestClient, path: str) -> None:
    """Whatever is behind it."""
    assert gated.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json", "/languages"])
def test_what_harms_nobody_needs_none(gated: TestClient, path: str) -> None:
    """A newcomer can look around."""
    assert gated.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/translate", "/detect"])
def test_who_says_the_key_in_the_body_gets_as_far_as_the_core(gated: TestClient, path: str) -> None:
    """Only there it can be read, and only there it is asked for; a wrong one in a header is refused here."""
    assert gated.post(path, json={"q": "a", "target": "de", "api_key": TEXT}).status_code == 200
    assert gated.post(path, json={"q": "a"}, headers={"authorization": "Bearer wrong"}).status_code == 401


def test_a_browser_shows_its_key_in_a_subprotocol(gated: TestClient, core: FakeCore) -> None:
    """It has no other way, and the server must not answer with the key."""
    core.error = CircuitOpen("gone")  # the server hangs up
    offered = ["realtime", f"openai-insecure-api-key.{TEXT}"]
    with gated.websocket_connect("/v1/realtime", subprotocols=offered) as socket:
        assert socket.receive_json()["type"] == "session.created"
        socket.send_json({"type": "input_audio_buffer.append", "audio": "AAAA"})
        assert socket.receive_json()["type"] == "error"
        assert socket.accepted_subprotocol == "realtime"


def test_a_socket_without_a_key_is_refused_before_its_handshake(gated: TestClient) -> None:
    """Nobody talks first and is checked afterwards."""
    with pytest.raises(WebSocketDisconnect):
        gated.websocket_connect("/v1/realtime", subprotocols=["realtime"]).__enter__()
