"""What lies in the database when a process opens it."""

import sqlite3
import threading
import time
from pathlib import Path

from parley.jobs.database import SqliteDatabase, Statements
from parley.jobs.queue import JobQueue
from parley.jobs.tables import LATER, connected
from tests.parley.jobs.conftest import ADA, new


def test_who_opens_a_file_that_another_is_making_waits(tmp_path: Path) -> None:
    """SQLite itself gives up at once where the way of writing changes."""
    file = tmp_path / "jobs.sqlite"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE t (x)")
    other.execute("BEGIN IMMEDIATE")

    def later() -> None:
        time.sleep(0.3)
        other.execute("COMMIT")
        other.close()

    thread = threading.Thread(target=later)
    thread.start()
    SqliteDatabase(file).close()
    thread.join()


async def test_accepted_jobs_outlive_an_upgrade(tmp_path: Path, database: str) -> None:
    """A table of an earlier version gets the columns that it has not."""
    before = JobQueue(database, tmp_path)
    await before.add(ADA, new("a"))
    before.close()
    plain = connected(database, tmp_path)

    def age(run: Statements) -> None:
        run("DROP INDEX jobs_by_parent")
        for table, columns in LATER.items():
            for name in columns:
                run(f"ALTER TABLE {table} DROP COLUMN {name}")

    await plain.write(age)
    plain.close()
    after = JobQueue(database, tmp_path)
    assert [job.id for job in await after.claim("one", 1)] == ["a"]
    after.close()
