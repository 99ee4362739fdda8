"""`python deploy/dist.py FOLDER`: the wheels, and the source archive that they can be built from. Needs no network.

FOLDER gets the one that is complete, FOLDER/index those for a package index: client, tree, source archive.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SDIST = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"


def build(out: Path) -> None:
    """All of them, from what lies here now."""
    index = out / "index"
    index.mkdir(parents=True, exist_ok=True)
    _clean()  # setuptools would pack what an earlier build left
    _wheels(index, ROOT, ROOT / "deploy/server")
    _wheels(out, ROOT / "deploy/complete")
    done = subprocess.run((sys.executable, "-c", SDIST, str(index)), cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stderr}The source archive could not be built; see above.")
    _clean()


def _wheels(out: Path, *projects: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    wheel = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(out))
    subprocess.run((*pip, *wheel, *map(str, projects)), check=True)


def _clean() -> None:
    """Not all of build/: logs and reports are in it too."""
    for name in ("lib", "server", "complete"):
        shutil.rmtree(ROOT / "build" / name, ignore_errors=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]).absolute())
