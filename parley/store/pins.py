"""The sums that were believed when a model came first, so that it stays the same one. Must not know sources."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from parley.errors import BadConfig

FILE = ".first-use.json"  # in the folder of models
Sums = Mapping[str, Mapping[str, str]]  # name@version -> file -> sha256


def read(root: Path) -> Sums:
    """What was believed here so far."""
    path = root / FILE
    if not path.exists():
        return {}
    try:
        found: Sums = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise BadConfig(f"{path} cannot be read; restore it, or remove it to believe what comes next.") from None
    return found


def believe(root: Path, model: str, sums: Mapping[str, str]) -> None:
    """Remember them."""
    path = root / FILE
    written = path.with_name(f"{FILE}.{os.getpid()}")
    written.write_text(json.dumps({**read(root), model: dict(sums)}, indent=1), "utf-8")
    written.replace(path)
