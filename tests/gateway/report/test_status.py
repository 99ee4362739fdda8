"""The status, for people."""

from typing import Any

from starlette.testclient import TestClient

from gateway.report.status import words

GOOD = {"address": "10.0.0.1:1", "health": "SERVING", "breaker": "closed", "streams": 2, "fault": ""}
BAD = {"address": "10.0.0.2:1", "health": "UNAVAILABLE", "breaker": "open", "streams": 0, "fault": "asr broke."}
NOTHING: dict[str, dict[str, int]] = {"routed": {}, "shed": {}, "notices": {}}


def status(*replicas: dict[str, Any], **more: Any) -> dict[str, Any]:
    stages = {"asr": {"replicas": list(replicas)}}
    return {"ready": True, "unserved": [], "not_loaded": [], "stages": stages, "counted": NOTHING} | more


def test_a_healthy_server_is_two_lines() -> None:
    """Nothing is said that need not be."""
    assert words(status(GOOD)) == ["Everything is ready.", "asr: 1 of 1 replicas serve, 2 streams."]


def test_what_is_wrong_is_named() -> None:
    """A replica that is away, its breaker, routes that are not obeyed, and those that lead nowhere."""
    lost = {"stage": "asr", "model": "nano@9", "address": "10.0.0.1:1", "why": "There is no folder."}
    more = {"routes_fault": "line 3", "unserved": [["asr/default", "nano@9"]], "not_loaded": [lost]}
    told = words(status(GOOD, BAD, ready=False, **more))
    assert told[0] == "Not everything is ready."
    assert "asr: 1 of 2 replicas serve, 2 streams." in told
    assert any("10.0.0.2:1 says UNAVAILABLE: nobody listens there" in line for line in told)
    assert any("breaker is open. What it said last: asr broke." in line for line in told)
    assert any("line 3" in line for line in told)
    assert "asr/default leads to nano@9, which no replica serves." in told
    moved = words(status(GOOD, routes_file="/x/routes.toml"))
    assert "The routes are those of /x/routes.toml, not of the config." in moved
    assert "nano@9 cannot be loaded at 10.0.0.1:1: There is no folder." in told


def test_what_was_counted_is_said() -> None:
    """Who served whom, who was refused, what went otherwise."""
    counted = {
        "routed": {"asr/default echo@2": 9, " echo@1": 5},
        "shed": {"RATE_LIMITED batch": 3},
        "notices": {"denoise CIRCUIT_OPEN": 1},
    }
    told = words(status(GOOD, counted=counted))[2:]
    assert told == [
        "Streams of asr/default to echo@2: 9.",
        "Refused batch calls, RATE_LIMITED: 3.",
        "Notices of denoise, CIRCUIT_OPEN: 1.",
    ]


def test_metrics_are_prometheus_text(client: TestClient) -> None:
    """Prometheus can read it."""
    answer = client.get("/metrics")
    assert "# HELP parley_streams" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


def test_metrics_are_openmetrics_where_that_is_wanted(client: TestClient) -> None:
    """The form that has room for the traces behind the numbers."""
    answer = client.get("/metrics", headers={"accept": "application/openmetrics-text;version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
