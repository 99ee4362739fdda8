"""The routes as they are now: from a file that is read again when it changes, or by a change that is audited.

A bad file or change leaves the routes as they were and says why. A file keeps the comments and the order that an
operator gave it. Must not know how a version is chosen from the routes.
"""

import asyncio
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.routing import document
from gateway.routing.policy import Policy
from gateway.routing.route import Tables
from gateway.routing.router import Router
from parley.errors import BadConfig, BadInput, NotFound, ParleyError

log = logging.getLogger(__name__)
audit = logging.getLogger("parley.audit")
LOOK_S = 1.0
BEFORE = ".before"  # the file beside the file: what the routes were before the last change


@dataclass(frozen=True)
class Written:
    """Routes, and the text that says them."""

    text: str
    tables: Tables

    def with_tables(self, tables: Tables) -> "Written":
        """Other routes, in this text as far as they are the same."""
        return Written(document.rewritten(self.text, tables), tables)


class RouteBook:
    """One router at a time."""

    def __init__(self, tables: Tables, file: Path | None, policy: Policy | None = None) -> None:
        self._file, self._stamp = file, _stamp(file)
        self._now = _read(file) if file and self._stamp else Written("", {}).with_tables(dict(tables))
        self._before = _read(_beside(file)) if file and _beside(file).exists() else None
        self.router = Router(self.tables, policy)
        self.fault = ""  # why the file as it is now is not obeyed
        self._watching: asyncio.Task[None] | None = None

    @property
    def tables(self) -> Tables:
        """The routes as they are written."""
        return self._now.tables

    def start(self) -> None:
        """Heed the file from now on."""
        if self._file:
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Read the file again if it is another one than before."""
        stamp = _stamp(self._file)
        if self._file is None or stamp is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._take(_read(self._file), f"the file {self._file}")
        except ParleyError as error:
            self.fault = str(error)
            log.error("the routes stay as they were: %s", error)

    def change(self, changes: Mapping[str, Any], by: str) -> None:
        """Set these aliases; None takes one away."""
        self._decide(self._now.with_tables(self.changed(changes)), by)

    def changed(self, changes: Mapping[str, Any]) -> Tables:
        """What the routes would be."""
        if not changes:
            raise BadInput("There is nothing to change; name at least one alias.")
        unknown = next((alias for alias, route in changes.items() if route is None and alias not in self.tables), None)
        if unknown is not None:
            raise NotFound(f"There is no route {unknown!r}; there are {', '.join(self.tables) or 'none'}.")
        tables = dict(self.tables) | dict(changes)
        return _checked({alias: route for alias, route in tables.items() if route is not None})

    def roll_back(self, by: str) -> None:
        """Back to what the routes were before the last change; once more, and it is undone."""
        if self._before is None:
            raise BadInput("There is nothing to roll back to: the routes have not been changed.")
        _checked(self._before.tables)
        self._decide(self._before, by)

    def _decide(self, written: Written, by: str) -> None:
        if self._file:
            _write(_beside(self._file), self._now.text)
            _write(self._file, written.text)
            self._stamp = _stamp(self._file)
        self._take(written, by)

    def _take(self, written: Written, by: str) -> None:
        """All at once: who is choosing now has the old ones, who comes next the new ones."""
        self.router = self.router.rebuilt(written.tables)
        self._before, self._now, self.fault = self._now, written, ""
        audit.info("routes changed", extra={"by": by, "before": self._before.tables, "after": written.tables})

    async def close(self) -> None:
        """Heed the file no more."""
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)


def _stamp(file: Path | None) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file) if file else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None


def _checked(tables: Tables) -> Tables:
    try:
        Router(tables)
        document.rewritten("", tables)
    except BadConfig as error:
        raise BadInput(str(error)) from None
    return tables


def _beside(file: Path) -> Path:
    return file.with_name(file.name + BEFORE)


def _read(file: Path) -> Written:
    try:
        text = file.read_text("utf-8")
        return Written(text, document.parsed(text))
    except (OSError, UnicodeDecodeError, BadConfig) as error:
        raise BadConfig(f"The routes in {file} cannot be read: {error}.") from None


def _write(file: Path, text: str) -> None:
    """Whole or not at all: who reads meanwhile gets the old one."""
    new = file.with_name(f"{file.name}.new")
    try:
        new.write_text(text, "utf-8")
        new.replace(file)
    except OSError as error:
        raise BadConfig(f"The routes cannot be written to {file} ({error.strerror}); make it writable.") from None
