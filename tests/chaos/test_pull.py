"""A pull, killed with -9 wherever it is: what a service would find is always whole, and the next pull goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from parley.engines.model import read_spec
from tests.contract.source import ROOT
from tests.parley.store import hub as hubs
from tests.parley.store.hub import Hub, entry

KILLS, SEED = 50, 17
FILES = {"model.onnx": random.Random(1).randbytes(3_000_000), "labels.txt": b"small"}
PULL = """
import sys
from pathlib import Path
from parley.engines.trust import TrustConfig
from parley.store import catalogue
from parley.store.pull import pull
class Steps:
    def say(self, doing): print(doing, flush=True)
    def warn(self, text): pass
    def progress(self, done, total): pass
entries = catalogue.read(Path(sys.argv[1])).entries
pull("tiny", entries["tiny"], Path(sys.argv[2]), TrustConfig(), Steps())
"""


def begun(listed: Path, root: Path, hub: Hub) -> "subprocess.Popen[str]":
    """A pull that has begun to fetch."""
    env = {**os.environ, "HF_ENDPOINT": hub.address, "PYTHONPATH": str(ROOT)}
    words = (sys.executable, "-c", PULL, str(listed), str(root))
    child = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    child.stdout.readline()
    return child


def looked_at(root: Path) -> bool:
    """Whether the version is there; if it is, every byte is right."""
    place = root / "denoise/tiny/1"
    if not place.exists():
        return False
    spec = read_spec(place)
    assert {name: spec.bytes_of(name) for name in spec.files} == FILES
    assert {path.name for path in place.iterdir()} == {*FILES, "model.toml", "CARD.md"}
    return True


@pytest.mark.parametrize("known", [True, False])
def test_a_killed_pull_leaves_nothing_half(tmp_path: Path, known: bool) -> None:
    """At fifty moments of its way; afterwards it comes whole, and nothing of the killed ones stays."""
    moments, root = random.Random(SEED), tmp_path / "models"
    with hubs.serving(dict(FILES)) as hub:
        hub.trouble.slow_s = 0.002  # a piece, so that there is something to kill
        (tmp_path / "catalogue.toml").write_text(entry(FILES, ["hub:a/b"], known))
        whole_s, came, resumed = 0.5, 0, 0
        for _ in range(KILLS // 2):
            child = begun(tmp_path / "catalogue.toml", root, hub)
            time.sleep(moments.uniform(0, whole_s))
            child.send_signal(signal.SIGKILL)
            child.communicate()
            if looked_at(root):
                came += 1
                (root / "denoise/tiny").rename(tmp_path / f"gone-{came}")
            resumed += any(path.stat().st_size for path in root.rglob("*.part"))
        assert begun(tmp_path / "catalogue.toml", root, hub).communicate()
        assert looked_at(root)
    assert not (root / "denoise/.incoming").exists()
    assert resumed
    assert [span for _, span in hub.asked if span]  # somebody went on where a killed one was
