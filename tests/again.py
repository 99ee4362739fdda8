"""Runs the tests that failed last once more, alone, and says which were unstable. Many failures are no accident."""

import json
import subprocess
import sys
from pathlib import Path

LAST = Path(".pytest_cache/v/cache/lastfailed")
MOST = 3


def main(last: Path = LAST) -> int:
    """Exit status: 0 where all that failed, few enough, pass alone."""
    failed = sorted(json.loads(last.read_text())) if last.exists() else []
    if not 0 < len(failed) <= MOST or not all("::" in test for test in failed):
        print(f"Not run again: {len(failed)} failed; at most {MOST} tests are.")
        return 1
    print("Run again, alone:", *failed, sep="\n  ", flush=True)
    return subprocess.run((sys.executable, "-m", "pytest", "-q", "-n", "0", *failed)).returncode


if __name__ == "__main__":
    sys.exit(main())
