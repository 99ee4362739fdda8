"""The load test's reports, as it left them in a folder: what was promised, what was measured. Must not know HTTP."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from parley.errors import NotFound

FILE = "report.json"
SHOWN = 50  # runs, the newest
LARGEST = 16 << 20  # bytes
ABOUT = ("verdict", "when", "commit", "machine", "models")
SCENARIO = ("name", "about", "size", "ceiling_share", "verdict", "doubts", "promises")

Report = dict[str, Any]


class SlaReports:
    """Reads; what is no report of a bounded size in a folder of its own is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Report]:
        """Each run in a few words, the newest first."""
        return [{"name": name} | {key: read.get(key) for key in ABOUT} for name, read in self._found().items()]

    def one(self, name: str) -> Report:
        """A run with its scenarios; the samples behind the numbers stay in the file."""
        found = self._found()
        if name not in found:
            raise NotFound(f"There is no report {name!r}; /v1/sla lists what there is.")
        return {"name": name} | found[name]

    def _found(self) -> dict[str, Report]:
        if not self._folder.is_dir():
            return {}
        runs = sorted((each for each in self._folder.iterdir() if not each.is_symlink()), reverse=True)
        read = ((run.name, _read(run / FILE)) for run in runs[:SHOWN])
        return {name: report for name, report in read if report}


def _read(path: Path) -> Report | None:
    if path.is_symlink() or not path.is_file():
        return None
    found = path.stat()
    return _parsed(path, found.st_mtime_ns) if found.st_size <= LARGEST else None


@lru_cache(SHOWN)
def _parsed(path: Path, changed_ns: int) -> Report | None:
    """A finished run does not change, and most of its bytes are samples."""
    try:
        report = json.loads(path.read_bytes(), parse_constant=lambda _: None)
        scenarios = [{key: each.get(key) for key in SCENARIO} for each in report["scenarios"]]
        return {key: report.get(key) for key in ABOUT} | {"scenarios": scenarios}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # half written, or something else
