"""One connection to SQLite or Postgres, on a thread of its own, in the SQL that both understand.

`unixnow()` is the database's clock: several machines share it. Must not know what is kept.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from parley.errors import BadConfig, Unavailable
from parley.jobs.job import DiskFull

Row = Mapping[str, Any]
Result = TypeVar("Result")
OLDEST_SQLITE = (3, 35)  # gives back the rows that it changes
BUSY_S, BUSY_PAUSE_S = 30.0, 0.02  # how long another process may hold the file
SERIAL = "SERIAL PRIMARY KEY"  # a number for each row, in their order; in a schema


class Statements(Protocol):
    """The statements of one transaction."""

    locking: str  # behind a SELECT whose rows are about to be changed
    columns: str  # a SELECT of the names of a table's columns

    def __call__(self, sql: str, *values: object) -> list[Row]:
        """Run one; the rows that it gives back."""


Work = Callable[[Statements], Result]


class Database(Protocol):
    """Where jobs are kept."""

    def version(self) -> int:
        """Another number once anybody has written."""

    def make(self, tables: Callable[[Statements], None]) -> None:
        """The tables; several processes may do so at the same moment."""

    def transact(self, work: Work[Result], *, writes: bool) -> Result:
        """All of the work or nothing of it, on the calling thread."""

    def overwrite(self) -> None:
        """What was deleted is nowhere any more, where the database can be told so."""

    def close(self) -> None:
        """Let go of it."""


class SqliteStatements:
    """One transaction of SQLite."""

    locking = ""  # a transaction that writes has the file for itself
    columns = "SELECT name FROM pragma_table_info(?)"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __call__(self, sql: str, *values: object) -> list[Row]:
        """Run one."""
        found = self._connection.execute(sql.replace(SERIAL, "INTEGER PRIMARY KEY AUTOINCREMENT"), values)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found]


class SqliteDatabase:
    """A file, which several processes of one machine share."""

    def __init__(self, file: Path) -> None:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise BadConfig(f"SQLite {sqlite3.sqlite_version} is too old for jobs; use 3.35 or newer, or a Postgres.")
        self._file = file
        with _in_words(f"{file}"):
            self._connection, self._watching = self._opened(), self._opened()

    def _opened(self) -> sqlite3.Connection:
        os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
        opened = sqlite3.connect(self._file, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        opened.create_function("unixnow", 0, time.time)
        _log_ahead(opened)
        # FULL: an accepted job survives a power cut. What is deleted is overwritten.
        for setting in ("synchronous = FULL", "secure_delete = ON"):
            opened.execute(f"PRAGMA {setting}")
        return opened

    def version(self) -> int:
        """Read without the thread: it takes some microseconds."""
        return int(self._watching.execute("PRAGMA data_version").fetchone()[0])

    def make(self, tables: Callable[[Statements], None]) -> None:
        """The tables, for which others wait."""
        self.transact(tables, writes=True)

    def transact(self, work: Work[Result], *, writes: bool) -> Result:
        """Who writes has the file from the start, so that nobody comes between reading and writing."""
        with _in_words(f"{self._file}"):
            self._connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            try:
                result = work(SqliteStatements(self._connection))
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        return result

    def overwrite(self) -> None:
        """The log of changes still has it; it is written back and emptied."""
        with _in_words(f"{self._file}"):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._watching.close()


def _log_ahead(connection: sqlite3.Connection) -> None:
    """For this change SQLite does not wait: who opens the file a moment after another has made it tries again."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(BUSY_PAUSE_S)


@contextmanager
def _in_words(file: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise DiskFull(f"There is no room for the jobs in {file}; make some.", retry_s=30.0) from None
        raise Unavailable(f"The jobs in {file} cannot be read or written ({error}).", retry_s=1.0) from None
    except (sqlite3.DatabaseError, OSError) as error:
        raise BadConfig(f"{file} cannot keep jobs ({error}); name another folder.") from None


class Connection:
    """A database for who must not wait on the loop: transactions run one after the other on a thread."""

    def __init__(self, open_: Callable[[], Database], tables: Callable[[Statements], None]) -> None:
        self._open, self._tables = open_, tables
        self._database: Database | None = None
        self._thread = ThreadPoolExecutor(1, "jobs-database")

    async def read(self, work: Work[Result]) -> Result:
        """What is there now."""
        return await self._on_thread(work, writes=False)

    async def write(self, work: Work[Result]) -> Result:
        """All of the work or nothing of it."""
        return await self._on_thread(work, writes=True)

    async def overwrite(self) -> None:
        """What was deleted is nowhere any more."""
        await asyncio.get_running_loop().run_in_executor(self._thread, lambda: self._at_hand().overwrite())

    async def _on_thread(self, work: Work[Result], *, writes: bool) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: self._at_hand().transact(work, writes=writes))

    def _at_hand(self) -> Database:
        if self._database is None:
            database = self._open()
            database.make(self._tables)
            self._database = database
        return self._database

    def version(self) -> int:
        """Another number once anybody has written; 0 before the first transaction."""
        return self._database.version() if self._database else 0

    def close(self) -> None:
        """Ends the thread and lets go."""
        self._thread.shutdown()
        if self._database:
            self._database.close()
