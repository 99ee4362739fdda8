"""The table of jobs: who submits, who works, who asks. Each method is one transaction. Must not know files.

A worker holds a job by a lease that it renews, and by the number of its attempt: whoever comes late with an older one
changes nothing. So a job ends once, whatever is killed and whoever stood still meanwhile.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parley.errors import Conflict
from parley.jobs.batches import Batches
from parley.jobs.bounds import Bounds
from parley.jobs.database import Row, Statements, Work
from parley.jobs.filter import Filter
from parley.jobs.forgetting import Forgetting, forget_submissions
from parley.jobs.hooks import ON_END, Hooks
from parley.jobs.job import Job, NewJob, Submission, UnknownJob
from parley.jobs.parts import Parts, progress, settle
from parley.jobs.tables import connected
from parley.jobs.uploads import Uploads

LEASE_S = 10.0
ALL = "*, unixnow() AS now"
WHOLE = "parent = ''"  # jobs, not parts of them
OPEN = "state IN ('queued', 'running')"
READY = "(state = 'queued' AND wait_until <= unixnow() OR state = 'running' AND lease_until < unixnow())"
# Whose key has fewest running goes first: ten thousand jobs of one key do not hold up another's ten.
FAIR = (
    "(SELECT COUNT(*) FROM jobs AS busy WHERE busy.state = 'running' AND busy.worker <> '' AND busy.owner = jobs.owner)"
)
PLACE = "CASE WHEN place > 0 THEN place ELSE number END"  # a part is where its job was
MINE = "id = ? AND attempt = ? AND state = 'running'"


@dataclass(frozen=True)
class Progress:
    """How far a worker is with a job."""

    job: Job
    stage: str
    done_s: float
    duration_s: float


class JobQueue:
    """What can be done with jobs."""

    def __init__(self, database: str, folder: Path, bounds: Bounds | None = None) -> None:
        self._connection = connected(database, folder)
        self.hooks, self.parts = Hooks(self._connection), Parts(self._connection)
        self._bounds = bounds or Bounds()
        self.uploads, self.batches = Uploads(self._connection, self._bounds), Batches(self._connection)
        self.forgetting = Forgetting(self._connection)

    def version(self) -> int:
        """Another number once anything has changed."""
        return self._connection.version()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    async def add(
        self, asked: Submission, jobs: Sequence[NewJob], beside: Work[None] | None = None
    ) -> tuple[list[Job], bool]:
        """All of them or none, and whether they are new: what a key was used for before is given back.

        What is written beside them is in the same transaction.
        """

        def work(run: Statements) -> tuple[list[Job], bool]:
            if asked.key and (kept := _kept(run, asked)) is not None:
                return kept, False
            self._bounds.check(run, asked.owner, jobs=len(jobs), size=sum(each.bytes for each in jobs))
            if beside:
                beside(run)
            if asked.key:
                run("INSERT INTO submissions VALUES (?, ?, ?)", asked.owner, asked.key, asked.digest)
            return [_added(run, asked, each) for each in jobs], True

        return await self._connection.write(work)

    async def repeated(self, asked: Submission) -> list[Job] | None:
        """The jobs that this key of idempotency made; None: none yet. Raises Conflict where it was for another."""
        return await self._connection.read(lambda run: _kept(run, asked)) if asked.key else None

    async def get(self, owner: str, id_: str) -> Job:
        """One job of this owner."""
        found = await self._rows(f"SELECT {ALL} FROM jobs WHERE id = ? AND owner = ? AND {WHOLE}", id_, owner)
        return _only(found, id_)

    async def page(self, which: Filter, before: int, most: int) -> list[Job]:
        """The newest first, those before that number; 0: from the newest on."""
        condition, values = which.sql
        sql = f"SELECT {ALL} FROM jobs WHERE {condition} AND (? = 0 OR number < ?) ORDER BY number DESC LIMIT ?"
        return [Job.of(row) for row in await self._rows(sql, *values, before, before, most)]

    async def summary(self, which: Filter) -> Mapping[str, tuple[int, float, float]]:
        """State -> how many, their seconds done and their seconds in all."""
        condition, values = which.sql
        sums = "state, COUNT(*) AS jobs, SUM(done_s) AS done_s, SUM(duration_s) AS duration_s"
        rows = await self._rows(f"SELECT {sums} FROM jobs WHERE {condition} GROUP BY state", *values)
        return {row["state"]: (row["jobs"], row["done_s"], row["duration_s"]) for row in rows}

    async def cancel(self, owner: str, id_: str) -> Job:
        """It ends as it is; its worker learns of that with its next beat."""
        which = f"id = ? AND owner = ? AND {WHOLE} AND {OPEN}"
        ended = f"state = 'cancelled', ended_at = unixnow(), stage = '', {ON_END} WHERE {which}"
        return await self._changed(ended, owner, id_, "has ended already; there is nothing to cancel")

    async def retry(self, owner: str, id_: str) -> Job:
        """A job that failed or was cancelled begins anew."""
        again = (
            "state = 'queued', failures = 0, wait_until = 0, due_at = 0, begun_at = 0, ended_at = 0, done_s = 0, "
            "reason = '', message = '', hook = '', parts = 0 WHERE id = ? AND owner = ? "
            f"AND {WHOLE} AND state IN ('failed', 'cancelled')"
        )
        return await self._changed(again, owner, id_, "has not failed and was not cancelled; it needs no retry")

    async def _changed(self, sql: str, owner: str, id_: str, else_: str) -> Job:
        def work(run: Statements) -> Job:
            if changed := run(f"UPDATE jobs SET {sql} RETURNING {ALL}", id_, owner):
                settle(run, changed)
                return Job.of(changed[0])
            found = _only(run(f"SELECT {ALL} FROM jobs WHERE id = ? AND owner = ? AND {WHOLE}", id_, owner), id_)
            raise Conflict(f"The job {id_} is {found.state.value} and {else_}.")

        return await self._connection.write(work)

    async def delete(self, owner: str, id_: str) -> None:
        """Nothing of it is left here; its worker learns of that with its next beat."""

        def work(run: Statements) -> None:
            gone = run(f"DELETE FROM jobs WHERE id = ? AND owner = ? AND {WHOLE} RETURNING *", id_, owner)
            forget_submissions(run, [_only_row(gone, id_)])
            settle(run, gone)

        await self._connection.write(work)
        await self._connection.overwrite()

    async def release(self, worker: str) -> None:
        """Jobs that a worker of this name held when it died can be taken at once."""
        sql = "UPDATE jobs SET state = 'queued', failures = failures + 1 WHERE worker = ? AND state = 'running'"
        await self._connection.write(lambda run: run(sql, worker))

    async def claim(self, worker: str, most: int) -> list[Job]:
        """Takes up to so many that wait, or that a dead worker held."""

        def work(run: Statements) -> list[Job]:
            chosen = f"SELECT number FROM jobs WHERE {READY} ORDER BY {FAIR}, {PLACE}, number LIMIT ? {run.locking}"
            rows = run(
                "UPDATE jobs SET failures = failures + CASE WHEN state = 'running' THEN 1 ELSE 0 END, "
                "state = 'running', worker = ?, attempt = attempt + 1, lease_until = unixnow() + ?, stage = 'probe', "
                "begun_at = CASE WHEN begun_at = 0 THEN unixnow() ELSE begun_at END, "
                "done_s = CASE WHEN parts > 0 THEN duration_s ELSE 0 END "
                f"WHERE number IN ({chosen}) RETURNING {ALL}",
                *(worker, LEASE_S, most),
            )
            return [Job.of(row) for row in rows]

        return await self._connection.write(work)

    async def beat(self, told: Sequence[Progress]) -> set[str]:
        """The worker lives and is so far; the ids of those jobs that it still holds."""
        sql = "UPDATE jobs SET lease_until = unixnow() + ?, stage = ?, done_s = ?, duration_s = ? WHERE "

        def work(run: Statements) -> set[str]:
            held: list[Row] = []
            for each in told:
                how_far = (LEASE_S, each.stage, each.done_s, each.duration_s)
                held += run(f"{sql}{MINE} RETURNING id", *how_far, each.job.id, each.job.attempt)
            progress(run, (each.job.parent for each in told if each.job.parent))
            return {row["id"] for row in held}

        return await self._connection.write(work)

    async def finish(self, job: Job, results: Mapping[str, str], duration_s: float, size: int) -> bool:
        """It is done; False: it was no longer this worker's."""
        sql = (
            "state = 'done', stage = '', ended_at = unixnow(), reason = '', message = '', results = ?, bytes = ?, "
            f"done_s = ?, duration_s = ?, {ON_END}"
        )
        return await self._ended(job, sql, json.dumps(results), size, duration_s, duration_s)

    async def fail(self, job: Job, reason: str, message: str) -> bool:
        """It cannot be done."""
        sql = f"state = 'failed', stage = '', ended_at = unixnow(), reason = ?, message = ?, {ON_END}"
        return await self._ended(job, sql, reason, message)

    async def again(self, job: Job, reason: str, message: str, wait_s: float, *, counts: bool) -> bool:
        """Not now; it may be tried once more after so long."""
        sql = (
            "state = 'queued', stage = '', wait_until = unixnow() + ?, failures = failures + ?, reason = ?, message = ?"
        )
        return await self._ended(job, sql, wait_s, int(counts), reason, message)

    async def _ended(self, job: Job, sql: str, *values: object) -> bool:
        def work(run: Statements) -> bool:
            ended = run(f"UPDATE jobs SET {sql} WHERE {MINE} RETURNING id, parent, parts", *values, job.id, job.attempt)
            settle(run, ended)
            return bool(ended)

        return await self._connection.write(work)

    async def give_up(self, most_failures: int) -> None:
        """Jobs whose time is over, or that have failed too often, are failed."""
        late = f"reason = 'DEADLINE_EXCEEDED', message = 'It was not done by its deadline.' WHERE {OPEN} AND due_at > 0"
        often = f"reason = CASE WHEN reason = '' THEN 'WORKER_LOST' ELSE reason END WHERE {OPEN} AND failures >= ?"
        ended = f"UPDATE jobs SET state = 'failed', stage = '', ended_at = unixnow(), {ON_END},"

        def work(run: Statements) -> None:
            settle(run, run(f"{ended} {late} AND due_at <= unixnow() RETURNING id, parent, parts"))
            settle(run, run(f"{ended} {often} RETURNING id, parent, parts", most_failures))

        await self._connection.write(work)

    async def expire(self, keep_s: float) -> list[str]:
        """The ids of jobs that ended longer ago than that, which are gone now."""

        def work(run: Statements) -> list[str]:
            old = "DELETE FROM jobs WHERE ended_at > 0 AND ended_at < unixnow() - ? RETURNING id, owner, submission"
            gone = run(old, keep_s)
            forget_submissions(run, gone)
            return [row["id"] for row in gone]

        if gone := await self._connection.write(work):
            await self._connection.overwrite()
        return gone

    async def known(self, ids: Sequence[str]) -> set[str]:
        """Those of them that there are, jobs and files."""
        sql = "SELECT id FROM jobs WHERE id = ? UNION SELECT id FROM files WHERE id = ?"
        found = [await self._rows(sql, each, each) for each in ids]
        return {row["id"] for rows in found for row in rows}

    async def now(self) -> float:
        """By the database's clock."""
        return float((await self._rows("SELECT unixnow() AS now"))[0]["now"])

    async def counts(self) -> Mapping[str, tuple[int, float]]:
        """State -> how many of all owners, and how old the oldest is."""
        rows = await self._rows(
            f"SELECT state, COUNT(*) AS jobs, unixnow() - MIN(made_at) AS age FROM jobs WHERE {WHOLE} GROUP BY state"
        )
        return {row["state"]: (row["jobs"], row["age"]) for row in rows}

    async def _rows(self, sql: str, *values: object) -> list[Row]:
        return await self._connection.read(lambda run: run(sql, *values))


def _kept(run: Statements, asked: Submission) -> list[Job] | None:
    found = run("SELECT digest FROM submissions WHERE owner = ? AND key = ?", asked.owner, asked.key)
    if not found:
        return None
    if found[0]["digest"] != asked.digest:
        raise Conflict(f"The idempotency key {asked.key!r} was used for another request; use a new one.")
    rows = run(f"SELECT {ALL} FROM jobs WHERE owner = ? AND submission = ? ORDER BY number", asked.owner, asked.key)
    return [Job.of(row) for row in rows]


def _added(run: Statements, asked: Submission, new: NewJob) -> Job:
    rows = run(
        "INSERT INTO jobs "
        "(id, owner, batch, submission, session, name, source, pipeline, webhook, bytes, note, made_at, due_at) "
        f"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, unixnow(), CASE WHEN ? > 0 THEN unixnow() + ? ELSE 0 END) "
        f"ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING {ALL}",
        *(new.id, asked.owner, asked.batch, asked.key, asked.session, new.name, new.source),
        *(new.pipeline or asked.pipeline, asked.webhook, new.bytes, new.note, asked.within_s, asked.within_s),
    )
    return Job.of(rows[0])


def _only(rows: list[Row], id_: str) -> Job:
    return Job.of(_only_row(rows, id_))


def _only_row(rows: list[Row], id_: str) -> Row:
    if not rows:
        raise UnknownJob(f"There is no job {id_[:60]!r} of this key; `parley jobs list` shows them.")
    return rows[0]
