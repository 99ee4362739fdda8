"""The load test's reports in a folder that holds other things too."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.report.sla import LARGEST, SlaReports
from parley.errors import NotFound

PROMISE = {"measure": "final", "statistic": "p99_ms", "limit": 500, "value": 300, "verdict": "HELD"}
SCENARIO = {"name": "live", "verdict": "HELD", "promises": [PROMISE], "measures": {"latencies": "many samples"}}
REPORT: dict[str, Any] = {"verdict": "HELD", "when": "2026-11-26", "commit": "abc", "scenarios": [SCENARIO]}


def _write(folder: Path, name: str, text: str = json.dumps(REPORT)) -> None:
    (folder / name).mkdir()
    (folder / name / "report.json").write_text(text, "utf-8")


def test_the_newest_report_comes_first(tmp_path: Path) -> None:
    """In a few words; its promises are in the one that is asked for, its samples in neither."""
    _write(tmp_path, "2026-01-01")
    _write(tmp_path, "2026-02-01")
    reports = SlaReports(tmp_path)
    assert [each["name"] for each in reports.all()] == ["2026-02-01", "2026-01-01"]
    assert "scenarios" not in reports.all()[0]
    (scenario,) = reports.one("2026-01-01")["scenarios"]
    assert scenario["promises"] == [PROMISE]
    assert "measures" not in scenario


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"scenarios": 3}', '{"scenarios": [3]}', "[" * 100_000, " " * (LARGEST + 1)]
)
def test_what_is_no_report_is_not_there(tmp_path: Path, text: str) -> None:
    """A run that is being written, a strange file: the others are shown."""
    _write(tmp_path, "good")
    _write(tmp_path, "strange", text)
    (tmp_path / "file").write_text("no folder")
    assert [each["name"] for each in SlaReports(tmp_path).all()] == ["good"]


def test_no_number_that_json_does_not_know_gets_out(tmp_path: Path) -> None:
    """Python writes NaN, browsers cannot read it."""
    _write(tmp_path, "good", json.dumps(REPORT).replace("300", "NaN"))
    json.dumps(SlaReports(tmp_path).one("good"), allow_nan=False)


@pytest.mark.parametrize("name", ["../secret", "..", "", ".", "/etc", "secret/../../secret", "linked", "file-linked"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """Neither by its letters nor by a link."""
    _write(tmp_path, "secret")
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "linked").symlink_to(tmp_path / "secret")
    (folder / "file-linked").mkdir()
    (folder / "file-linked/report.json").symlink_to(tmp_path / "secret/report.json")
    assert SlaReports(folder).all() == []
    with pytest.raises(NotFound):
        SlaReports(folder).one(name)


def test_where_nothing_was_measured_there_are_none(tmp_path: Path) -> None:
    """The folder need not be there."""
    assert SlaReports(tmp_path / "none").all() == []


def test_a_report_that_changes_is_read_anew(tmp_path: Path) -> None:
    """What was read before is kept only as long as the file is the same."""
    _write(tmp_path, "run")
    reports = SlaReports(tmp_path)
    assert reports.all()[0]["verdict"] == "HELD"
    (tmp_path / "run/report.json").write_text(json.dumps(REPORT | {"verdict": "BROKEN"}), "utf-8")
    assert reports.all()[0]["verdict"] == "BROKEN"
