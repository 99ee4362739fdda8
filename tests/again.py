"""Runs the tests that failed last once more, alone, and says which were unstable. Many failures are no accident.

A run that was cut short, since a worker process died or time was up, is begun once more instead.
"""

import json
import subprocess
import sys
from pathlib import Path

from tests.cut import CUT

LAST = Path(".pytest_cache/v/cache/lastfailed")
WHOLE = ("make", "test")
MOST = 3


def main(last: Path = LAST, cut: Path = CUT, whole: tuple[str, ...] = WHOLE) -> int:
    """Exit status: 0 where all that failed, few enough, pass alone."""
    if _is_cut(cut):
        print("The run was cut short: every test is run once more.", flush=True)
        last.unlink(missing_ok=True)
        if subprocess.run(whole).returncode == 0:
            return 0
    return 1 if _is_cut(cut) else _alone(sorted(json.loads(last.read_text())) if last.exists() else [])


def _is_cut(cut: Path) -> bool:
    return cut.exists() and bool(json.loads(cut.read_text()))


def _alone(failed: list[str]) -> int:
    if not 0 < len(failed) <= MOST or not all("::" in test for test in failed):
        print(f"Not run again: {len(failed)} failed; at most {MOST} tests are.")
        return 1
    print("Run again, alone:", *failed, sep="\n  ", flush=True)
    return subprocess.run((sys.executable, "-m", "pytest", "-q", "-n", "0", *failed)).returncode


if __name__ == "__main__":
    sys.exit(main())
