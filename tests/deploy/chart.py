"""Helm's own library on the chart, in a process of its own: `python -m tests.deploy.chart`, JSON in and out.

It is written in Go, whose runtime takes the signals of its process: a socket that is gone would end who loaded it.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/parley"


class ChartFault(Exception):
    """What Helm says of the chart or of the values."""


def charted(values: Mapping[str, Any]) -> dict[str, str]:
    """The chart's files with these values."""
    files: dict[str, str] = _asked({"values": values})
    return files


def linted() -> dict[str, Any]:
    """The report of Helm's lint."""
    report: dict[str, Any] = _asked({})
    return report


def _asked(what: Mapping[str, Any]) -> Any:
    command, text = (sys.executable, "-m", __name__), json.dumps(what)
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert not done.returncode, done.stderr
    answer = json.loads(done.stdout)
    if "fault" in answer:
        raise ChartFault(answer["fault"])
    return answer["made"]


def _make(what: Mapping[str, Any]) -> Any:
    from helm_python.chart import Chart, lint

    if "values" not in what:
        return lint(CHART, strict=True)
    with Chart.load(CHART) as chart:
        return chart.render(values=dict(what["values"]), name="parley", namespace="speech")


def _main() -> None:
    from helm_python.errors import HelmError

    try:
        answer = {"made": _make(json.load(sys.stdin))}
    except HelmError as error:
        answer = {"fault": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    _main()
