"""Prometheus' rules: they are well formed, their alerts fire when they should, and what they name exists."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import gateway.metrics
import parley.audit.writer
import parley.disk
import parley.telemetry
import parley.wire.expiry
import services.jobs.numbers
from parley.errors import Code, ParleyError, UploadTooSlow
from tests.deploy.rendered import ROOT

FOLDER = ROOT / "deploy/observability/prometheus"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "rules.yaml").read_text("utf-8"))["groups"] for rule in group["rules"]
]
TESTS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "rules.test.yaml").read_text("utf-8"))["tests"]
ALERTS = [rule["alert"] for rule in RULES if "alert" in rule]
OURS = (Code.INTERNAL, Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED)
BY_THE_WAY = ("_bucket", "_count", "_sum", "_total", "")  # what a metric's name may end with


def reasons(kind: type[ParleyError] = ParleyError) -> set[str]:
    """Of all errors that are no fault of the caller."""
    own = {kind.reason} if kind.code in OURS and kind is not UploadTooSlow else set()
    return own.union(*map(reasons, kind.__subclasses__()))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool: apt-get install prometheus")
@pytest.mark.parametrize("command", ["check rules rules.yaml", "test rules rules.test.yaml"])
def test_prometheus_itself_agrees(command: str) -> None:
    """Its own tool reads the rules, and plays what is written to fire or not to fire."""
    done = subprocess.run(("promtool", *command.split()), cwd=FOLDER, capture_output=True, text=True, timeout=60)
    assert not done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_tried_both_ways(alert: str) -> None:
    """It fires in one test; and something that is no reason for it, an earlier time or another series, is tried too."""
    tried = [(test, each) for test in TESTS for each in test["alert_rule_test"] if each["alertname"] == alert]
    assert [each for _, each in tried if each["exp_alerts"]]
    assert [test for test, each in tried if not each["exp_alerts"] or len(test["input_series"]) > 1]


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_to_do(alert: str) -> None:
    """In a section of its own, to which it leads."""
    (rule,) = (each for each in RULES if each.get("alert") == alert)
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["runbook"] == f"docs/alerts.md#{alert.lower()}"
    sections = re.findall(r"^## (\w+)$", (ROOT / "docs/alerts.md").read_text("utf-8"), re.M)
    assert sections.count(alert) == 1


def test_rules_are_about_metrics_that_there_are() -> None:
    """Of ours (what fills the registry is imported); recorded ones are recorded here."""
    filled = (gateway.metrics, parley.audit.writer, parley.disk, parley.telemetry, parley.wire.expiry)
    assert all((*filled, services.jobs.numbers))
    there = {metric.name for metric in REGISTRY.collect()}
    named = {name for rule in RULES for name in re.findall(r"(?<![:\w])parley_\w+", rule["expr"])}
    assert {name for name in named if not any(name.removesuffix(end) in there for end in BY_THE_WAY)} == set()
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    assert {name for rule in RULES for name in re.findall(r"\b\w*:\w+:\w+", rule["expr"])} <= recorded


def test_a_failure_is_what_no_caller_can_mend() -> None:
    """Every reason of these codes counts, and no other: in the rules, and on the dashboards."""
    dashboards = (ROOT / "deploy/observability/grafana/queries.py").read_text("utf-8")
    for text in (*(rule["expr"] for rule in RULES), dashboards):
        for counted in re.findall(r'outcome=~"([A-Z_|]+)"', text):
            assert set(counted.split("|")) == reasons()
