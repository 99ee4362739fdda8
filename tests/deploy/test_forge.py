"""Files for a forge: they are well formed, and run what a person runs."""

import re
from typing import Any

import pytest
import yaml

from tests.deploy.rendered import ROOT, STAGES

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_more_rights_than_it_needs(path: Any) -> None:
    """Its token reads, unless it says what it writes; actions are named by a version."""
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"]["contents"] == "read"
    for step in steps(workflow):
        assert ("uses" in step) is not ("run" in step)
        assert re.search(r"@v\d", step.get("uses", "@v1"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_workflow_runs_exists(path: Any) -> None:
    """Targets of the Makefile, and every stage's image."""
    workflow = yaml.safe_load(path.read_text("utf-8"))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for command in (step["run"] for step in steps(workflow) if "run" in step):
        assert set(re.findall(r"\bmake ([a-z-]+)", command)) <= targets
    matrices = [job["strategy"]["matrix"]["stage"] for job in workflow["jobs"].values() if "strategy" in job]
    assert all(sorted(stages) == sorted([*STAGES, "gateway"]) for stages in matrices)


def test_every_change_runs_what_a_person_runs() -> None:
    """The script that guards a landing."""
    (check,) = (path for path in WORKFLOWS if path.stem == "check")
    assert ".ci/run" in [step.get("run") for step in steps(yaml.safe_load(check.read_text("utf-8")))]


def test_templates_of_issues_are_forms() -> None:
    """With a name, and fields that have labels."""
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yaml"):
        form = yaml.safe_load(path.read_text("utf-8"))
        assert form["name"]
        assert all(field["attributes"]["label"] for field in form["body"])
