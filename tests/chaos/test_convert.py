"""Conversions and changes of routes, killed with -9 wherever they are: what is found afterwards is whole."""

import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from gateway.routing.book import RouteBook
from parley.engines.model import read_spec
from tests.contract.source import ROOT

pytestmark = pytest.mark.timeout(300)  # a conversion opens a model four times
KILLS, CONVERSIONS, SEED = 25, 6, 17
QUANTIZE = ("-m", "parley.cli", "models", "quantize", "nano-tatoeba", "--to", "fp16", "--calibration")
FILES = {"model.bin", "config.json", "shared_vocabulary.json", "pieces.model", "model.toml", "CARD.md"}
# A gateway's book of routes that is promoted and rolled back again and again.
PROMOTE = """
import itertools, sys
from pathlib import Path
from gateway.routing.book import RouteBook
book = RouteBook({}, Path(sys.argv[1]))
for n in itertools.count():
    print(n, flush=True)
    book.change({"asr/default": {"echo@1": 90, "echo@2": 10}}, "somebody", what="canary")
    book.step({"asr/default": {"echo@2": 100}}, "somebody", "nothing speaks against it", what="canary promoted")
    book.roll_back("somebody")
"""
WHOLE = ({"echo@1": 100}, {"echo@1": 90, "echo@2": 10}, {"echo@2": 100})


def started(*words: str, **env: str) -> "subprocess.Popen[bytes]":
    command = (sys.executable, *words)
    told = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    return subprocess.Popen(command, cwd=ROOT, env=told, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_a_killed_conversion_leaves_nothing_half(tmp_path: Path) -> None:
    """At so many moments; the version is there whole or not at all, and the next call makes it."""
    moments, home = random.Random(SEED), tmp_path / "home"
    (tmp_path / "sentences.tsv").write_text("en\tde\nThe house is small.\tDas Haus ist klein.\n")
    place = home / "models/translate/nano-tatoeba/1-fp16"
    for first in (True, False):  # the first one reads from the disk what the others find in memory
        began = time.monotonic()
        assert started(*QUANTIZE, str(tmp_path), PARLEY_HOME=str(home)).wait() == 0
        if first:
            place.parent.rename(tmp_path / "first")
    whole_s, came, sums = time.monotonic() - began, 0, read_spec(place).files
    for n in range(CONVERSIONS):
        if place.exists():
            came += 1
            place.parent.rename(tmp_path / f"gone-{n}")
        child = started(*QUANTIZE, str(tmp_path), PARLEY_HOME=str(home))
        time.sleep(moments.uniform(0.2, 1.1) * whole_s)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert is_whole_or_absent(place, sums)
    if not place.exists():
        assert started(*QUANTIZE, str(tmp_path), PARLEY_HOME=str(home)).wait() == 0
    assert is_whole_or_absent(place, sums)
    assert came < CONVERSIONS
    assert not list((home / "models/translate").glob(".incoming/*/*")), "what was killed has left something"


def is_whole_or_absent(place: Path, sums: object) -> bool:
    """Every file, and every byte of it."""
    if not place.exists():
        return True
    spec = read_spec(place)
    assert [spec.bytes_of(name) for name in spec.files]
    return spec.files == sums and {path.name for path in place.iterdir()} == FILES


def test_a_killed_gateway_leaves_whole_routes(tmp_path: Path) -> None:
    """Killed amid its changes: the file, its history and its audit can be read, and one step back leads on."""
    moments, file = random.Random(SEED), tmp_path / "routes.toml"
    file.write_text('["asr/default"]\n"echo@1" = 100\n')
    seen = set()
    for _ in range(KILLS):
        child = started("-c", PROMOTE, str(file))
        assert child.stdout
        child.stdout.readline()
        time.sleep(moments.uniform(0, 0.2))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        found = tomllib.loads(file.read_text())["asr/default"]
        assert found in WHOLE
        seen.add(str(found))
        book = RouteBook({}, file)
        assert set(book.router.routes) == {"asr/default"}
        book.change({"asr/default": {"echo@9": 100}}, "test")
        book.roll_back("test")
        assert book.tables["asr/default"] in WHOLE
    assert len(seen) > 1, "every one was killed in the same place"
