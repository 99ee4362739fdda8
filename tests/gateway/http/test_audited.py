"""What is recorded of requests over HTTP and WebSockets, and what happens where nothing can be."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketDenialResponse

from gateway.access.audit import Audit
from gateway.apis.app import SHAPES
from gateway.caller import CacheScope
from gateway.http.audited import Audited
from parley.audit.config import AuditConfig
from parley.audit.files import ChainFiles
from parley.audit.listing import Which, listed
from tests.gateway.conftest import FakeCore
from tests.parley.audit.test_tail import full
from tests.waiting import until_now

HELLO = {"q": "Hello.", "source": "en", "target": "de"}


class Recorded:
    """A gateway whose calls are recorded."""

    def __init__(self, app: Starlette, folder: Path, **config: Any) -> None:
        self.folder = folder
        audit = Audit(AuditConfig(folder=str(folder), instance="here", **config))
        self.client = TestClient(Audited(app, audit, SHAPES), raise_server_exceptions=False)

    def calls(self, times: int = 1) -> list[Mapping[str, Any]]:
        """So many, once they are written."""
        chain = ChainFiles(self.folder, "here")
        until_now(lambda: len(list(listed(chain, Which(call=" ")))) >= times)
        return list(listed(chain, Which(call=" ")))


@pytest.fixture
def recorded(http_app: Starlette, tmp_path: Path) -> Recorded:
    return Recorded(http_app, tmp_path)


def test_a_kept_answer_is_a_call_too(recorded: Recorded, core: FakeCore) -> None:
    """Nobody is asked for it, and it is said that it was kept."""
    core.served = CacheScope("", "", ("echo@1",))
    for _ in range(2):
        assert recorded.client.post("/translate", json=HELLO).status_code == 200
    first, second = recorded.calls(2)
    assert ("options" in first, second["options"]) == (False, {"cache": "hit"})
    assert "Hello" not in str((first, second))


def test_an_error_is_recorded_by_its_reason(recorded: Recorded, core: FakeCore) -> None:
    """Of a field, of the core, of a fault of ours, and of a socket."""
    recorded.client.post("/v1/audio/denoise")
    core.error = RuntimeError("broken")
    recorded.client.post("/translate", json=HELLO)
    with recorded.client.websocket_connect("/v1/pipeline") as socket:
        socket.send_text("no json")
        socket.receive_json()
    found = [(each["call"], each["outcome"]) for each in recorded.calls(3)]
    assert found == [
        ("POST /v1/audio/denoise", "FIELD_INVALID"),
        ("POST /translate", "INTERNAL"),
        ("WEBSOCKET /v1/pipeline", "INVALID_ARGUMENT"),
    ]


def test_addresses_are_recorded_only_where_that_is_configured(http_app: Starlette, tmp_path: Path) -> None:
    """Whoever does not ask for them does not have them."""
    for name, addresses in (("without", False), ("with", True)):
        recorded = Recorded(http_app, tmp_path / name, addresses=addresses)
        recorded.client.get("/v1/voices")
        (call,) = recorded.calls()
        assert ("peer" in call) is addresses


def lost() -> float:
    return REGISTRY.get_sample_value("parley_audit_lost_total") or 0.0


@pytest.mark.parametrize("required", [True, False])
def test_where_nothing_can_be_written_calls_are_refused_or_counted(
    http_app: Starlette, tmp_path: Path, required: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the config says; a WebSocket before its handshake; pages and health are for everybody."""
    monkeypatch.setattr("parley.audit.writer.RETRY_S", 0.01)
    recorded = Recorded(http_app, tmp_path, required=required, waiting=2)
    client, before = recorded.client, lost()
    client.get("/v1/voices")
    recorded.calls()
    with full(next(tmp_path.glob("*.jsonl")).stat().st_size + 10):
        client.get("/v1/voices")
        until_now(lambda: REGISTRY.get_sample_value("parley_audit_failing") == 1.0)
        answer, *_ = [client.get("/v1/voices") for _ in range(3)]
        assert client.get("/healthz").status_code == 200
        if required:
            assert (answer.status_code, answer.json()["error"]["reason"]) == (507, "AUDIT_UNWRITABLE")
            with pytest.raises(WebSocketDenialResponse), client.websocket_connect("/v1/pipeline"):
                pass
        else:
            assert (answer.status_code, lost() - before) == (200, 2.0)
    until_now(lambda: REGISTRY.get_sample_value("parley_audit_failing") == 0.0)
    assert client.get("/v1/voices").status_code == 200
