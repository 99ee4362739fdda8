"""The gate in front of an app that lets everything in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from gateway.access.keys import KeyRing
from gateway.access.pages import Pages
from gateway.apis.app import SHAPES
from gateway.http.gate import Gate
from parley.errors import CircuitOpen
from parley.wire.keys import make, write
from tests.gateway.conftest import FakeCore

TEXT, KEY = make("ann", ["use"])


@pytest.fixture
def gated(http_app: Starlette, tmp_path: Path) -> Iterator[TestClient]:
    write(tmp_path / "keys.json", [KEY])
    pages = Pages((), (), has_keys=True, is_exposed=True)
    with TestClient(Gate(http_app, KeyRing(tmp_path / "keys.json"), pages)) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models",
        "/v1/status",
        "/translate",
        "/detect",
        "/languages",
        "/v1/pipeline",
        "/v1/realtime",
        "/v1/realtime/translations",
        "/v1/listen",
        "/v1/twilio",
        "/v1/calls/CA1/captions",
    ],
)
def test_an_api_needs_a_key(gated: TestClient, path: str) -> None:
    """Whatever is behind it."""
    assert gated.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json", "/metrics"])
def test_what_harms_nobody_needs_none(gated: TestClient, path: str) -> None:
    """A newcomer can look around."""
    assert gated.get(path).status_code == 200


def test_twilio_gets_as_far_as_its_first_message(gated: TestClient) -> None:
    """It sends no header; its key stands in the address or in what it says first. A wrong header is refused."""
    with gated.websocket_connect("/v1/twilio") as socket:
        socket.send_text("hello")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == 1008
    with pytest.raises(WebSocketDenialResponse):
        gated.websocket_connect("/v1/twilio", headers={"authorization": "Bearer wrong"}).__enter__()


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


@pytest.mark.parametrize("shown", [{"authorization": f"Token {TEXT}"}, {"sec-websocket-protocol": f"token, {TEXT}"}])
def test_deepgrams_clients_show_their_key_in_their_way(gated: TestClient, shown: dict[str, str]) -> None:
    """In a header; in a browser behind the name of the scheme, which is all that is answered with."""
    with gated.websocket_connect("/v1/listen", headers=shown) as socket:
        assert socket.accepted_subprotocol == ("token" if "sec-websocket-protocol" in shown else None)
        socket.send_json({"type": "CloseStream"})
        assert socket.receive_json()["type"] == "Metadata"


def test_who_lacks_a_key_is_told_in_the_words_of_the_contract(http_app: Starlette, tmp_path: Path) -> None:
    """As an answer to the request or to the handshake, where a path has a shape of its own."""
    write(tmp_path / "keys.json", [KEY])
    pages = Pages((), (), has_keys=True, is_exposed=True)
    with TestClient(Gate(http_app, KeyRing(tmp_path / "keys.json"), pages, SHAPES)) as client:
        assert client.post("/v1/listen").json()["err_code"] == "INVALID_AUTH"
        with pytest.raises(WebSocketDenialResponse) as denied:
            client.websocket_connect("/v1/listen").__enter__()
        assert (denied.value.status_code, denied.value.json()["err_code"]) == (401, "INVALID_AUTH")


def _open(http_app: Starlette, *, host: str = "localhost:8080", peer: str = "127.0.0.1") -> TestClient:
    """A gateway without keys that other machines may reach."""
    gate = Gate(http_app, KeyRing(None), Pages((), (), has_keys=False, is_exposed=True))
    return TestClient(gate, base_url=f"http://{host}", client=(peer, 40_000))


def test_who_is_here_may_change_routes_without_a_key(http_app: Starlette) -> None:
    """It is their machine; pages that it serves may, too."""
    client, page = _open(http_app), {"origin": "http://localhost:3000"}
    assert client.get("/v1/routes").status_code == 200
    assert client.post("/v1/routes/change", json={"asr/new": None}, headers=page).status_code == 404  # it gets as far


@pytest.mark.parametrize(
    ("told", "headers"),
    [
        ({"peer": "172.18.0.1"}, {}),
        ({"host": "evil.example:8080"}, {}),
        ({}, {"x-forwarded-for": "10.0.0.1"}),
        ({}, {"forwarded": "for=10.0.0.1"}),
    ],
)
def test_who_is_elsewhere_needs_a_key(http_app: Starlette, told: dict[str, str], headers: dict[str, str]) -> None:
    """Another machine, a page whose name was made to lead here, somebody behind a proxy; the rest is for them too."""
    client = _open(http_app, **told)
    for method, path in (("GET", ""), ("POST", "/change"), ("POST", "/rollback")):
        answer = client.request(method, f"/v1/routes{path}", headers=headers)
        assert (answer.status_code, answer.json()["error"]["reason"]) == (401, "KEY_NEEDED"), path
        assert "parley keys add" in answer.text
    for path in (
        "/v1/sla",
        "/v1/operations",
        "/v1/rollouts",
        "/v1/rollouts/compare",
        "/v1/drift",
        "/v1/routes/history",
        "/v1/data/everybody",
    ):
        assert client.get(path, headers=headers).status_code == 401
    assert client.get("/v1/models", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/v1/routes/change", "/v1/audio/transcriptions", "/translate"])
def test_a_strangers_page_posts_nothing(http_app: Starlette, path: str) -> None:
    """The browser is on this machine, the page is not."""
    answer = _open(http_app).post(path, data={"q": "a"}, headers={"origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize("path", ["/v1/pipeline", "/v1/realtime"])
def test_a_strangers_page_opens_no_socket(http_app: Starlette, path: str, caplog: pytest.LogCaptureFixture) -> None:
    """Cross-site hijacking: browsers let any page open a WebSocket and read it. They do not show why one failed."""
    client = _open(http_app)
    for origin in ("https://evil.example", "null"):
        with pytest.raises(WebSocketDenialResponse) as refused:
            client.websocket_connect(path, headers={"origin": origin}).__enter__()
        assert (refused.value.status_code, refused.value.json()["error"]["reason"]) == (403, "ORIGIN_NOT_ALLOWED")
        assert f"Web pages of '{origin}' may not call" in caplog.text


@pytest.mark.parametrize("headers", [{}, {"origin": "http://localhost:3000"}])
def test_programs_and_pages_of_ours_open_sockets(http_app: Starlette, headers: dict[str, str]) -> None:
    """A program says no origin."""
    with _open(http_app).websocket_connect("/v1/pipeline", headers=headers) as socket:
        socket.send_text("no config")
        assert socket.receive_json()["type"] == "error"
