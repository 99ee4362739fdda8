"""`python deploy/dist.py FOLDER`: both wheels, and the source archive that they can be built from. Needs no network."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVER = ROOT / "deploy/server"
SDIST = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"


def build(out: Path) -> None:
    """All three, from what lies here now."""
    out.mkdir(parents=True, exist_ok=True)
    _clean()  # setuptools would pack what an earlier build left
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    wheel = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(out))
    subprocess.run((*pip, *wheel, str(ROOT), str(SERVER)), check=True)
    done = subprocess.run((sys.executable, "-c", SDIST, str(out)), cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stderr}The source archive could not be built; see above.")
    _clean()


def _clean() -> None:
    """Not all of build/: logs and reports are in it too."""
    for folder in (ROOT / "build/lib", ROOT / "build/server"):
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]).absolute())
