"""Copies the parts of the repository that a server needs into the wheel, under the paths that they have there."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("services", "gateway", "loadtest", "deploy/config", "deploy/echo", "models/embedded")
PARTS += ("models/catalogue.toml", "examples")


class Tree(build_py):
    """Builds the package, and lays the tree beside its __init__.py."""

    def run(self) -> None:
        """Build."""
        super().run()
        for file in files():
            target = Path(self.build_lib) / "parley_server" / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, target)


def files() -> Iterator[Path]:
    """In a checkout what git knows, so that nobody's added models ride along; in a source archive all there is."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z", *PARTS], cwd=ROOT, capture_output=True, text=True, check=True)
        yield from map(Path, filter(None, listed.stdout.split("\0")))
        return
    found = (path for part in PARTS for path in (ROOT / part, *sorted((ROOT / part).rglob("*"))))
    for path in found:
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT)


setup(cmdclass={"build_py": Tree})
