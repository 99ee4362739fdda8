"""How much of the disks is free that a process writes to, for Prometheus. Asked when it is scraped."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from prometheus_client import Gauge

FREE = Gauge("parley_disk_free_bytes", "Free where a process writes, by what lies there.", ("what",))
SIZE = Gauge("parley_disk_bytes", "The size of the disk on which that lies.", ("what",))


def note(folders: Mapping[str, str | Path]) -> None:
    """The folders by what lies there; an empty name is not set."""
    for what, folder in folders.items():
        if str(folder):
            FREE.labels(what).set_function(partial(_bytes, Path(folder), "f_bavail"))
            SIZE.labels(what).set_function(partial(_bytes, Path(folder), "f_blocks"))


def temporary() -> str:
    """Where temporary files go. `tempfile` would try to write there first, and raise on a disk that is full."""
    return next((os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)), "/tmp")


def _bytes(folder: Path, field: str) -> float:
    """Of the nearest folder above that is there: a process makes its own when it first writes."""
    for each in (folder.absolute(), *folder.absolute().parents):
        try:
            found = os.statvfs(each)
        except OSError:
            continue
        return float(getattr(found, field) * found.f_frsize)
    return 0.0
