"""Pages of other origins, in front of the whole app with its gate."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketDenialResponse

from gateway.access.keys import KeyRing
from gateway.access.pages import Pages
from gateway.http.cors import shared
from gateway.http.gate import Gate
from parley.errors import CircuitOpen
from tests.gateway.conftest import FakeCore

APP, EVIL = "https://app.example", "https://evil.example"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization, x-stainless-os"}
READABLE = "access-control-allow-origin"


def _client(http_app: Starlette, *cors: str) -> TestClient:
    pages = Pages((), cors, has_keys=False, is_exposed=True)
    gate = Gate(http_app, KeyRing(None), pages)
    return TestClient(shared(gate, pages.origins), base_url="http://localhost:8080", client=("127.0.0.1", 40_000))


@pytest.fixture
def listed(http_app: Starlette) -> TestClient:
    """A gateway whose config names one page."""
    return _client(http_app, APP)


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/v1/routes/change", "/translate"])
def test_a_preflight_of_a_listed_page_is_answered(listed: TestClient, path: str) -> None:
    """Before it, browsers send no key and no JSON; it has no key itself."""
    answer = listed.options(path, headers=PREFLIGHT | {"origin": APP})
    assert answer.status_code == 200
    assert answer.headers[READABLE] == APP
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization, x-stainless-os"
    assert "Origin" in answer.headers["vary"]


def test_a_public_page_may_be_let_call_a_private_gateway(listed: TestClient) -> None:
    """Browsers ask for that by itself."""
    asked = PREFLIGHT | {"origin": APP, "access-control-request-private-network": "true"}
    assert listed.options("/translate", headers=asked).headers["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize("origin", [EVIL, "null", "https://app.example.evil.example", "http://app.example"])
def test_a_preflight_of_a_stranger_is_refused(listed: TestClient, origin: str) -> None:
    """Whatever it resembles."""
    answer = listed.options("/translate", headers=PREFLIGHT | {"origin": origin})
    assert answer.status_code == 400
    assert READABLE not in answer.headers


def test_an_answer_may_be_read_with_its_model(listed: TestClient) -> None:
    """Without cookies, and a cache between does not hand it to others."""
    answer = listed.get("/v1/models", headers={"origin": APP})
    assert answer.headers[READABLE] == APP
    assert "parley-model" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]


def test_what_is_asked_without_an_origin_is_not_kept_for_those_that_have_one(listed: TestClient) -> None:
    """Else a shared cache would hand a page an answer that it may not read."""
    assert "Origin" in listed.get("/v1/models").headers["vary"]


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/v1/routes/change", 404), ("/translate", 400)])
def test_a_refusal_may_be_read(listed: TestClient, path: str, status: int) -> None:
    """Else the page could only say that something went wrong."""
    answer = listed.post(path, json={"asr/new": None}, headers={"origin": APP})
    assert (answer.status_code, answer.headers[READABLE]) == (status, APP)


def test_the_gates_refusal_may_be_read(http_app: Starlette) -> None:
    """A missing key is what pages meet first."""
    pages = Pages((), [APP], has_keys=False, is_exposed=True)
    client = TestClient(shared(Gate(http_app, KeyRing(None), pages), pages.origins), client=("10.0.0.7", 40_000))
    answer = client.get("/v1/routes", headers={"origin": APP})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (401, "KEY_NEEDED")
    assert answer.headers[READABLE] == APP


def test_events_may_be_read(listed: TestClient, core: FakeCore) -> None:
    """The operators' stream, from its first event on."""
    core.admission.draining = True  # it ends at once
    with listed.stream("GET", "/v1/operations", headers={"origin": APP}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers[READABLE] == APP


def test_a_stranger_reads_nothing(listed: TestClient) -> None:
    """Its browser keeps the answer from it; what it posts does not get through at all."""
    assert READABLE not in listed.get("/v1/models", headers={"origin": EVIL}).headers
    refused = listed.post("/translate", json={"q": "a"}, headers={"origin": EVIL})
    assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "ORIGIN_NOT_ALLOWED")
    assert READABLE not in refused.headers


def test_a_listed_page_opens_sockets_and_a_stranger_none(listed: TestClient, core: FakeCore) -> None:
    """The same list; browsers ask no preflight there."""
    core.error = CircuitOpen("gone")
    with listed.websocket_connect("/v1/pipeline", headers={"origin": APP}) as socket:
        socket.send_text("{}")
        assert socket.receive_json()["type"] == "error"
    with pytest.raises(WebSocketDenialResponse) as refused:
        listed.websocket_connect("/v1/pipeline", headers={"origin": EVIL}).__enter__()
    assert (refused.value.status_code, refused.value.json()["error"]["reason"]) == (403, "ORIGIN_NOT_ALLOWED")


def test_without_a_list_nobody_reads(http_app: Starlette) -> None:
    """Not even another page of this machine, which may call."""
    client, page = _client(http_app), {"origin": "http://localhost:3000"}
    assert READABLE not in client.get("/v1/models", headers=page).headers
    assert client.options("/translate", headers=PREFLIGHT | page).status_code == 405
