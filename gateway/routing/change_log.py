"""Who changed which route, when and why: lines that are only added, in bounded files. Must not know a policy."""

import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parley.errors import BadConfig

log = logging.getLogger("parley.routes")
LARGEST = 1 << 20  # bytes of one file
KEPT = 3  # older files: .1 is the newest
LONGEST_WHY = 500  # letters
Tables = Mapping[str, Any]


def differences(before: Tables, after: Tables) -> dict[str, dict[str, Any]]:
    """Alias -> what it was and what it is; None: there was, or is, none."""
    aliases = sorted({*before, *after})
    found = {alias: {"from": before.get(alias), "to": after.get(alias)} for alias in aliases}
    return {alias: each for alias, each in found.items() if each["from"] != each["to"]}


class ChangeLog:
    """JSON lines beside the routes file, and the same in the log."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def note(self, what: str, by: str, why: str, before: Tables, after: Tables) -> None:
        """One line, written before the change is done: what cannot be accounted for is not done."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time()))
        entry: dict[str, object] = {"at": at, "what": what, "by": by}
        entry |= {"why": why[:LONGEST_WHY], "changes": differences(before, after)}
        if self._file:
            self._append(self._file, f"{json.dumps(entry, ensure_ascii=False)}\n".encode())
        log.info("routes changed", extra={"by": by, "why": why, "what": what, "before": before, "after": after})

    def _append(self, file: Path, line: bytes) -> None:
        try:
            if file.exists() and file.stat().st_size + len(line) > LARGEST:
                _rotate(file)
            held = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(held, line)  # one write: lines of two gateways do not mix
            finally:
                os.close(held)
        except OSError as error:
            raise BadConfig(f"The change cannot be noted in {file} ({error.strerror}); make it writable.") from None

    def last(self, most: int) -> list[dict[str, Any]]:
        """The newest entries, newest first; a line that was torn by a crash is left out."""
        if self._file is None:
            return []
        lines: list[str] = []
        for place in (_older(self._file, 1), self._file):
            lines += place.read_text("utf-8", "replace").splitlines() if place.exists() else []
        return [entry for line in reversed(lines) if (entry := _entry(line))][:most]


def _entry(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _older(file: Path, number: int) -> Path:
    return file.with_name(f"{file.name}.{number}")


def _rotate(file: Path) -> None:
    for number in range(KEPT - 1, 0, -1):
        if _older(file, number).exists():
            _older(file, number).replace(_older(file, number + 1))
    file.replace(_older(file, 1))
