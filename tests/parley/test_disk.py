"""What Prometheus sees of the disks that a process writes to."""

import shutil
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from parley import disk

NOISE = 1 << 30  # others write meanwhile


def seen(name: str, what: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"what": what})


def test_a_folder_that_is_not_there_yet_counts_as_the_one_above(tmp_path: Path) -> None:
    """Its disk is asked at each scrape; an empty name has no series."""
    disk.note({"jobs": tmp_path / "later/jobs", "state": ""})
    whole = shutil.disk_usage(tmp_path)
    assert seen("parley_disk_bytes", "jobs") == whole.total
    assert seen("parley_disk_free_bytes", "jobs") == pytest.approx(whole.free, abs=NOISE)
    assert seen("parley_disk_free_bytes", "state") is None
