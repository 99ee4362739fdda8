"""What operators watch, with fake replicas."""

import asyncio
import json
from pathlib import Path
from typing import cast

import pytest

from gateway.access.admission import Admission
from gateway.apis.native.admin import Admin
from gateway.caller import Caller
from gateway.config import GatewayConfig, Limits
from gateway.core import Core
from gateway.http.fields import Fields
from gateway.http.sse import EventStream
from gateway.report import status
from gateway.report.operations import Operations
from gateway.routing.switchboard import Switchboard
from parley.budget import Budget
from tests.gateway.conftest import FakeCore

ROUTES = {"asr/default": {"echo@1": 100}}


@pytest.fixture
def operations(tmp_path: Path) -> Operations:
    """Of a gateway whose only replica is not there."""
    file = str(tmp_path / "routes.toml")
    board = Switchboard(GatewayConfig(upstreams={"asr": ("127.0.0.1:1",)}, routes=ROUTES, routes_file=file))
    return Operations(board, Admission(Limits()))


async def test_a_replica_that_does_not_answer_is_shown(operations: Operations) -> None:
    """With its health, and without versions."""
    await operations._board.start()
    try:
        await operations.look()
        state = operations.state()
        (replica,) = state["stages"]["asr"]["replicas"]
        assert (replica["address"], replica["versions"]) == ("127.0.0.1:1", [])
        assert replica["health"] != "SERVING"
        assert state["stages"]["asr"]["versions"] == {}
        json.dumps(state, allow_nan=False)
    finally:
        await operations._board.close()


async def test_what_changes_has_happened(operations: Operations) -> None:
    """A route that is changed is told with what it was, once; what was there at the first look has not happened."""
    assert operations.state()["happenings"] == []
    operations._board.book.change({"asr/default": {"echo@1": 50, "echo@2": 50}}, "a test")
    (happening,) = operations.state()["happenings"]
    assert (happening["kind"], happening["what"]) == ("routes", "asr/default")
    assert "100" in happening["before"]
    assert "echo@2" in happening["now"]
    assert len(operations.state()["happenings"]) == 1


async def test_a_state_is_counted_once(operations: Operations, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each operator's page asks every two seconds, and metrics are many."""
    calls, counted = list[str](), status.counted

    def noted() -> dict[str, dict[str, int]]:
        calls.append("counted")
        return counted()

    monkeypatch.setattr(status, "counted", noted)
    operations.state()
    assert calls == ["counted"]


async def test_operators_leave_when_the_gateway_drains() -> None:
    """An endless answer holds up no restart."""
    core = FakeCore()
    answer = await Admin(cast(Core, core)).operations(Fields({}), Caller({}, Budget.of(None)))
    assert isinstance(answer, EventStream)
    first = await anext(answer._pieces)
    state = json.loads(first.removeprefix(b"data: "))
    assert (state["streams"], state["rollouts"]) == (0, {"running": [], "ended": []})
    core.admission.draining = True
    async with asyncio.timeout(10):
        assert [piece async for piece in answer._pieces] == []
