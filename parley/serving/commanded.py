"""Which versions were loaded by command, so that they are loaded again after a restart. Must not know how.

A small file that the replicas of one service share: each of them is told the same, so each writes the same.
"""

import json
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

from parley.engines.model import ModelRef
from parley.errors import ParleyError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Commanded:
    """What was commanded so far, in its order."""

    models: tuple[ModelRef, ...] = ()
    default: ModelRef | None = None


class CommandedFile:
    """One file; without a path nothing is remembered."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None

    def read(self) -> Commanded:
        """What it says; one that cannot be read is said, and counts as empty."""
        if self._path is None or not self._path.exists():
            return Commanded()
        try:
            found = json.loads(self._path.read_text("utf-8"))
            models = tuple(map(ModelRef.of, found["models"]))
            return Commanded(models, ModelRef.of(found["default"]) if found["default"] else None)
        except (OSError, ValueError, KeyError, TypeError, ParleyError) as error:
            log.error("what was loaded by command is not known", extra={"file": str(self._path), "why": str(error)})
            return Commanded()

    def loaded(self, ref: ModelRef, *, is_default: bool) -> None:
        """Remember a version."""
        known = self.read()
        models = known.models if ref in known.models else (*known.models, ref)
        self._write(Commanded(models, ref if is_default else known.default))

    def retired(self, ref: ModelRef) -> None:
        """Forget it."""
        known = self.read()
        left = tuple(each for each in known.models if each != ref)
        self._write(replace(known, models=left, default=None if known.default == ref else known.default))

    def _write(self, now: Commanded) -> None:
        if self._path is None:
            return
        table = {"models": list(map(str, now.models)), "default": str(now.default or "")}
        written = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(json.dumps(table), "utf-8")
            written.replace(self._path)
        except OSError as error:  # it is loaded all the same
            log.error("a restart will not load it again", extra={"file": str(self._path), "why": str(error)})
