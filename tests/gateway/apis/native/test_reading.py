"""Cards and reports over HTTP."""

import json
from pathlib import Path

from starlette.testclient import TestClient

from gateway.report.sla import SlaReports
from tests.gateway.conftest import FakeCore


def test_a_card_is_asked_of_its_stage(client: TestClient) -> None:
    """A service has it; the gateway need not lie on the same machine."""
    answer = client.get("/v1/card", params={"stage": "asr", "model": "echo@1"})
    assert answer.json() == {"text": "# echo@1 of asr"}


def test_a_card_has_a_stage_and_a_model(client: TestClient) -> None:
    """The refusal says so."""
    for asked in ({}, {"stage": "asr"}, {"model": "echo@1"}):
        answer = client.get("/v1/card", params=asked)
        assert answer.status_code == 400
        assert "/v1/card?stage=" in answer.text
    assert client.get("/v1/card", params={"stage": "none", "model": "echo@1"}).status_code == 404


def test_reports_are_listed_and_shown(client: TestClient, core: FakeCore, tmp_path: Path) -> None:
    """One by its name."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/report.json").write_text(json.dumps({"verdict": "HELD", "scenarios": [{"name": "live"}]}))
    core.sla = SlaReports(tmp_path)
    (listed,) = client.get("/v1/sla").json()["reports"]
    assert (listed["name"], listed["verdict"]) == ("run", "HELD")
    assert client.get("/v1/sla", params={"name": "run"}).json()["scenarios"][0]["name"] == "live"
    assert client.get("/v1/sla", params={"name": "../run"}).status_code == 404
