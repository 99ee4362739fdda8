"""The routes as they are now: from a file that is read again when it changes, or by a change that is audited.

Every change is kept in the file, with a line in the audit file and the text before it in the history. A bad file or
change leaves the routes as they were and says why. A file keeps the comments and the order that an operator gave it.
Must not know how a version is chosen from the routes.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.routing import document, majors
from gateway.routing.change_log import ChangeLog
from gateway.routing.history import History, write
from gateway.routing.policy import Policy
from gateway.routing.route import Tables
from gateway.routing.router import POLICIES, Router
from parley.errors import BadConfig, BadInput, Conflict, NotFound, ParleyError

log = logging.getLogger(__name__)
LOOK_S = 1.0


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

    def __init__(self, tables: Tables, file: Path | None, policies: Mapping[str, Policy] = POLICIES) -> None:
        self.file, self._stamp = file, _stamp(file)
        self._now = _read(file) if file and self._stamp else Written("", {}).with_tables(dict(tables))
        self._history = History(beside(file, ".history")) if file else None
        self.change_log = ChangeLog(beside(file, ".audit") if file else None)
        self.router = Router(self.tables, policies)
        self.fault = ""  # why the file as it is now is not obeyed, or does not say what is obeyed
        self._watching: asyncio.Task[None] | None = None

    @property
    def tables(self) -> Tables:
        """The routes as they are written."""
        return self._now.tables

    def start(self) -> None:
        """Heed the file from now on."""
        if self.file:
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Read the file again if it is another one than before."""
        stamp = _stamp(self.file)
        if self.file is None or stamp is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._read_again(self.file)
        except ParleyError as error:
            self.fault = str(error)
            log.error("the routes stay as they were: %s", error)

    def _read_again(self, file: Path) -> None:
        """What another gateway wrote has its step and its audit line already; what an editor wrote gets them now."""
        written, before = _read(file), self._now
        router = self.router.rebuilt(written.tables)
        if self._history and written.text != before.text and not self._history.knows(written.text):
            self.change_log.note("edit", f"the file {file}", "", before.tables, written.tables)
            self._history.push(before.text, written.text)
        self.router, self._now, self.fault = router, written, ""

    def change(self, changes: Mapping[str, Any], by: str, why: str = "", *, what: str = "change") -> None:
        """Set these aliases; None takes one away."""
        history, written = self._kept(), self._now.with_tables(self.changed(changes))
        if written.tables == self.tables:
            return
        self._write(lambda: history.push(self._now.text, written.text), what, by, why, written)

    def step(self, changes: Mapping[str, Any], by: str, why: str, *, what: str) -> None:
        """A change that belongs to one before it: a roll-back goes back to before both.

        It takes back what harms, so it is done also where it cannot be written; the fault says so.
        """
        history, written = self._kept(), self._now.with_tables(self.changed(changes))
        before = history.before(self._now.text)
        if before is not None and document.parsed(before) == written.tables:
            written = Written(before, written.tables)  # with the comments that it had
        try:
            self._write(lambda: history.replace(written.text), what, by, why, written)
        except BadConfig as error:
            self.router, self._now = self.router.rebuilt(written.tables), written
            self.fault = f"The routes are obeyed and not kept: {error}"
            log.error("%s", self.fault)

    def changed(self, changes: Mapping[str, Any]) -> Tables:
        """What the routes would be."""
        if not changes:
            raise BadInput("There is nothing to change; name at least one alias.")
        unknown = next((alias for alias, route in changes.items() if route is None and alias not in self.tables), None)
        if unknown is not None:
            raise NotFound(f"There is no route {unknown!r}; there are {', '.join(self.tables) or 'none'}.")
        tables = dict(self.tables) | dict(changes)
        checked = _checked({alias: route for alias, route in tables.items() if route is not None})
        majors.check(self.tables, checked, [alias for alias, route in changes.items() if route is not None])
        return checked

    def roll_back(self, by: str, why: str = "") -> None:
        """One step back each time: to what the routes were before the last change that is not taken back yet."""
        history = self._kept()
        before = history.before(self._now.text)
        if before is None:
            raise Conflict("There is nothing to roll back to: no change is left that could be taken back.")
        written = Written(before, document.parsed(before))
        _checked(written.tables)
        self._write(lambda: history.pop(before), "rollback", by, why, written)

    def _kept(self) -> History:
        if self._history is None:
            raise Conflict(
                "The routes are the config's, and a change would be lost at the next start: nothing was changed. "
                'Name a file that they are kept in, `routes_file = "routes.toml"`, in the gateway\'s config.'
            )
        return self._history

    def _write(self, keep: Callable[[], None], what: str, by: str, why: str, written: Written) -> None:
        """First what cannot be checked without doing it; then all at once: who comes next has the new routes."""
        assert self.file
        router = self.router.rebuilt(written.tables)
        self.change_log.note(what, by, why, self.tables, written.tables)
        keep()
        write(self.file, written.text)
        self._stamp = _stamp(self.file)
        self.router, self._now, self.fault = router, written, ""

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


def beside(file: Path, ending: str) -> Path:
    """A file that belongs to the routes file."""
    return file.with_name(file.name + ending)


def _read(file: Path) -> Written:
    try:
        text = file.read_text("utf-8")
        return Written(text, document.parsed(text))
    except (OSError, UnicodeDecodeError, BadConfig) as error:
        raise BadConfig(f"The routes in {file} cannot be read: {error}.") from None
