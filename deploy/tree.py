"""What a wheel that serves carries beside the package `parley`: the parts of the repository that a server needs.

They lie in the package `parley_server` under the paths that they have here. For the setup.py of both such wheels.
"""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("services", "gateway", "loadtest", "deploy/config", "deploy/echo", "models/embedded")
PARTS += ("models/catalogue.toml", "examples")


class Tree(build_py):
    """Builds `parley_server`, and lays the tree beside its __init__.py."""

    def run(self) -> None:
        """Build."""
        super().run()
        self.lay(PARTS, "parley_server")

    def lay(self, parts: Sequence[str], package: str) -> None:
        """Copy these parts into a folder of the wheel; empty: to its top."""
        for file in files(parts):
            target = Path(self.build_lib) / package / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, target)


class Complete(Tree):
    """The tree, and `parley` itself."""

    def run(self) -> None:
        """Build."""
        super().run()
        self.lay(("parley",), "")


def files(parts: Sequence[str]) -> Iterator[Path]:
    """In a checkout what git knows, so that nobody's added models ride along; in a source archive all there is."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z", *parts], cwd=ROOT, capture_output=True, text=True, check=True)
        yield from map(Path, filter(None, listed.stdout.split("\0")))
        return
    found = (path for part in parts for path in (ROOT / part, *sorted((ROOT / part).rglob("*"))))
    for path in found:
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT)
