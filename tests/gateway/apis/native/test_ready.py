"""Whether the gateway can do what it is needed for."""

from starlette.testclient import TestClient

from tests.gateway.conftest import FakeCore


def test_ready_names_what_is_missing(client: TestClient, core: FakeCore) -> None:
    """One stage down is a 503 that says which."""
    assert client.get("/readyz").status_code == 200
    core.stages = {"asr": True, "translate": False}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["translate"])


def test_ready_is_about_what_is_needed(client: TestClient, core: FakeCore) -> None:
    """An optional stage that is away takes nobody out of service; who asks about it is told."""
    core.stages, core.needed = {"asr": True, "translate": False}, ["asr"]
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["stages"]) == (200, core.stages)
    assert client.get("/readyz?stage=asr").status_code == 200
    for asked in ("stage=translate", "stage=asr&stage=translate"):
        answer = client.get(f"/readyz?{asked}")
        assert (answer.status_code, answer.json()["missing"]) == (503, ["translate"])


def test_ready_knows_its_stages(client: TestClient) -> None:
    """A mistyped stage is no stage that is away."""
    answer = client.get("/readyz?stage=tranlate")
    assert answer.status_code == 404
    assert "translate" in answer.json()["error"]["message"]
