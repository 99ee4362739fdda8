"""Our own source, parsed. Must not know a rule."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("parley", "services", "gateway", "loadtest", "models")
GENERATED = ("parley/v1/", "parley/compat/")


@dataclass(frozen=True)
class Module:
    """One file: its path from the root, and what is in it."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    def imports(self) -> Iterator[str]:
        """Every dotted name that the file imports, wherever in it; `from a import b` counts as a.b."""
        package = self.path.split("/")[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else []
                start = ".".join([*above, *filter(None, [node.module])])
                yield from (f"{start}.{alias.name}" for alias in node.names)


def modules(*rooms: str) -> list[Module]:
    """Every file that we wrote in these folders."""
    paths = [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]
    names = [path.relative_to(ROOT).as_posix() for path in paths]
    return [Module(name, (ROOT / name).read_text("utf-8")) for name in names if not name.startswith(GENERATED)]


def loaded_after(names: list[str]) -> set[str]:
    """Every module that a fresh process has loaded once it has imported these."""
    code = f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())
