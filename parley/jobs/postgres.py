"""Jobs in a Postgres, which workers on several machines share. Must not know what is kept.

A transaction that broke off with its connection is tried once more: what it could have done twice names the attempt, or
brings ids of its own.
"""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from parley.errors import BadConfig, BadInput, Unavailable
from parley.jobs.database import Row, Statements
from parley.jobs.job import DiskFull

Result = TypeVar("Result")
NOW = "extract(epoch FROM clock_timestamp())::double precision"
CHANNEL = "parley_jobs"
PAUSE_S, CONNECT_S = 1.0, 5
SETTING_UP = 7_315_008  # of an advisory lock: several processes make the tables at the same moment


class PostgresStatements:
    """One transaction."""

    locking = "FOR UPDATE SKIP LOCKED"  # what another worker is taking is left to it
    columns = (
        "SELECT attname AS name FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped"
    )

    def __init__(self, connection: "psycopg.Connection[dict[str, Any]]") -> None:
        self._connection = connection

    def __call__(self, sql: str, *values: object) -> list[Row]:
        """Run one."""
        told: Any = re.sub(r"\bunixnow\(\)", NOW, sql).replace("?", "%s").replace("SERIAL", "BIGSERIAL")
        found = self._connection.execute(told, values or None)
        return list(found.fetchall()) if found.description else []


class PostgresDatabase:
    """One connection for transactions, and one on which others' changes are heard of."""

    def __init__(self, url: str) -> None:
        self._url, self._changes, self._closed = url, 0, False
        self._connection: psycopg.Connection[dict[str, Any]] | None = None
        with _in_words(), self._opened() as first:
            first.execute("SELECT 1")
        threading.Thread(target=self._listen, daemon=True, name="jobs-changes").start()

    def _opened(self) -> "psycopg.Connection[dict[str, Any]]":
        return psycopg.connect(self._url, row_factory=dict_row, autocommit=True, connect_timeout=CONNECT_S)

    def version(self) -> int:
        """Grows with each change that is heard of."""
        return self._changes

    def _listen(self) -> None:
        """For as long as the process lives; after a loss anything may have changed."""
        while not self._closed:
            with contextlib.suppress(psycopg.Error, OSError), self._opened() as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                self._changes += 1
                for _ in connection.notifies():
                    self._changes += 1
            time.sleep(PAUSE_S)

    def make(self, tables: Callable[[Statements], None]) -> None:
        """One process after the other: Postgres itself takes two at the same moment for a conflict."""

        def work(run: Statements) -> None:
            run(f"SELECT pg_advisory_xact_lock({SETTING_UP})")
            tables(run)

        self.transact(work, writes=True)

    def transact(self, work: Callable[[Statements], Result], *, writes: bool) -> Result:
        """Once more where the connection was gone, since that is often noticed only now."""
        with _in_words():
            try:
                return self._transact(work, writes=writes)
            except psycopg.errors.DeadlockDetected:  # two have waited for each other: this one gives way
                return self._transact(work, writes=writes)
            except psycopg.OperationalError:
                if self._connection is not None and not self._connection.closed:
                    raise
                self._connection = None
                return self._transact(work, writes=writes)

    def _transact(self, work: Callable[[Statements], Result], *, writes: bool) -> Result:
        if self._connection is None:
            self._connection = self._opened()
        with self._connection.transaction():
            result = work(PostgresStatements(self._connection))
            if writes:
                self._connection.execute(f"NOTIFY {CHANNEL}")  # sent when it is committed, one for several
        return result

    def overwrite(self) -> None:
        """Rows that were deleted are removed from the table's file by the next vacuum: autovacuum, unless it is off."""

    def close(self) -> None:
        """Let go of both connections."""
        self._closed = True
        if self._connection is not None:
            self._connection.close()


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise DiskFull(f"There is no room for jobs in the database ({error}); make some.", retry_s=30.0) from None
    except psycopg.OperationalError as error:
        raise Unavailable(f"The database of jobs does not answer ({_line(error)}).", retry_s=1.0) from None
    except psycopg.DataError as error:  # SQLite keeps any text
        raise BadInput(f"This cannot be kept ({_line(error)}).") from None
    except psycopg.Error as error:
        raise BadConfig(f"The database of jobs refuses ({_line(error)}); look at `database`.") from None


def _line(error: Exception) -> str:
    """Its first line; passwords are in none of them."""
    return str(error).partition("\n")[0]
