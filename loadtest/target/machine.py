"""What a run was measured on. Must not know what was measured."""

import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from loadtest.target.processes import ROOT
from parley.extras import DISTRIBUTION


def facts() -> dict[str, Any]:
    """Enough to compare two reports, or to see that they cannot be compared."""
    return {
        "cpu": _cpu(),
        "cores": psutil.cpu_count(),
        "memory GB": round(psutil.virtual_memory().total / 1e9),
        "load before": round(psutil.getloadavg()[0], 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def commit() -> str:
    """Which source, `+` where it has been changed since; where it was installed from a wheel, which version."""
    if not (ROOT / ".git").exists():
        return metadata.version(DISTRIBUTION)
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"
