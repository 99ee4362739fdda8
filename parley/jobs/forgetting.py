"""All rows that belong to an owner, to a session of theirs, or to one job: shown, and deleted. Must not know files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from parley.jobs.database import Connection, Row, Statements
from parley.jobs.job import UPLOAD
from parley.jobs.parts import settle
from parley.jobs.uploads import PREFIX

TABLES = ("jobs", "files", "batches")


@dataclass(frozen=True)
class Whose:
    """Which rows; with neither a session nor a job, all of the owner's."""

    owner: str
    session: str = ""
    job: str = ""

    @property
    def conditions(self) -> Mapping[str, tuple[str, list[object]]]:
        """Table -> a condition and its values. Parts go with their jobs."""
        if self.job:
            one: tuple[str, list[object]] = ("owner = ? AND parent = '' AND id = ?", [self.owner, self.job])
            return dict.fromkeys(TABLES, ("1 = 0", [])) | {"jobs": one}
        if self.session:
            same: tuple[str, list[object]] = ("owner = ? AND session = ?", [self.owner, self.session])
            return dict.fromkeys(TABLES, same)
        return dict.fromkeys(TABLES, ("owner = ?", [self.owner]))


@dataclass(frozen=True)
class Rows:
    """What there was of them."""

    jobs: Sequence[str] = ()
    files: Sequence[str] = ()
    batches: Sequence[str] = ()
    bytes: int = 0
    elsewhere: int = 0  # jobs whose recordings lie where their submitter said, and not here
    told_in: Sequence[str] = ()  # files of batches that say what came of these jobs, and stay


class Forgetting:
    """What can be done about all of somebody's rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def found(self, whose: Whose) -> Rows:
        """What there is."""
        return await self._connection.read(lambda run: _rows(run, whose, "SELECT * FROM {} WHERE {}"))

    async def forget(self, whose: Whose) -> Rows:
        """Nothing of it is left in the tables; workers learn of that with their next beat."""
        gone = await self._connection.write(lambda run: _rows(run, whose, "DELETE FROM {} WHERE {} RETURNING *"))
        await self._connection.overwrite()
        return gone


def _rows(run: Statements, whose: Whose, sql: str) -> Rows:
    found = {table: run(sql.format(table, each), *values) for table, (each, values) in whose.conditions.items()}
    jobs, files = [row for row in found["jobs"] if not row["parent"]], found["files"]
    if sql.startswith("DELETE"):
        settle(run, jobs)
        forget_submissions(run, jobs)
    return Rows(
        [row["id"] for row in jobs],
        [row["id"] for row in files],
        [row["id"] for row in found["batches"]],
        sum(row["bytes"] for row in (*jobs, *files)),
        sum(row["source"] != UPLOAD and not row["source"].startswith(PREFIX) for row in jobs),
        _told_in(run, whose, jobs) if whose.job else (),
    )


def _told_in(run: Statements, whose: Whose, jobs: Sequence[Row]) -> list[str]:
    """The files in which a batch tells of one of its jobs among others."""
    sql = "SELECT output, errors FROM batches WHERE owner = ? AND id = ?"
    found = [row for job in jobs for row in run(sql, whose.owner, job["batch"])]
    return [file for row in found for file in (row["output"], row["errors"]) if file]


def forget_submissions(run: Statements, gone: Iterable[Row]) -> None:
    """Those of which no job is left."""
    left = "SELECT 1 FROM jobs WHERE jobs.owner = submissions.owner AND jobs.submission = submissions.key"
    for owner, key in {(row["owner"], row["submission"]) for row in gone if row["submission"]}:
        run(f"DELETE FROM submissions WHERE owner = ? AND key = ? AND NOT EXISTS ({left})", owner, key)
