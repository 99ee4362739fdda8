"""Writes the dashboards beside this file: `python deploy/observability/grafana/write.py`.

Plain JSON, so that Grafana reads it without anything of ours; a test holds that what is committed is what this gives.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from panels import DASHBOARDS
from queries import Panel, Query

FOLDER = Path(__file__).parent / "dashboards"
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT = 12, 8  # two panels a row of Grafana's 24 columns


def target(number: int, query: Query) -> dict[str, Any]:
    """One line of a panel; exemplars lead to traces."""
    return {"refId": chr(ord("A") + number), "expr": query[0], "legendFormat": query[1], "exemplar": True}


def panel(number: int, one: Panel) -> dict[str, Any]:
    """A curve over time."""
    title, about, unit, queries = one
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "description": about,
        "datasource": PROMETHEUS,
        "gridPos": {"x": number % 2 * WIDTH, "y": number // 2 * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, "min": None if "zero" in about else 0}, "overrides": []},
        "targets": [target(n, query) for n, query in enumerate(queries)],
    }


def dashboard(name: str, title: str, panels: Sequence[Panel]) -> dict[str, Any]:
    """What Grafana provisions."""
    return {
        "uid": f"parley-{name}",
        "title": title,
        "tags": ["parley"],
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["parley"], "title": "Parley", "asDropdown": True}],
        "panels": [panel(number, one) for number, one in enumerate(panels)],
    }


def texts() -> dict[Path, str]:
    """Every file, and what it has to hold."""
    return {
        FOLDER / f"{name}.json": json.dumps(dashboard(name, title, panels), indent=1) + "\n"
        for name, (title, panels) in DASHBOARDS.items()
    }


if __name__ == "__main__":
    for path, text in texts().items():
        path.write_text(text, "utf-8")
