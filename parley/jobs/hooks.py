"""Who is told that a job has ended. Must not know HTTP.

That somebody is owed it is written with the job's end, in one statement. It is told at least once, until the other side
has taken it or too many tries have failed; then it is dead, until somebody asks for it anew.
"""

from parley.errors import Conflict
from parley.jobs.database import Connection, Statements
from parley.jobs.job import Job

OWED, TOLD, DEAD = "owed", "told", "dead"
LEASE_S = 60.0  # how long one try may take; then another worker makes it
ON_END = f"hook = CASE WHEN webhook <> '' THEN '{OWED}' ELSE '' END, hook_tries = 0, hook_at = 0, hook_message = ''"


class Hooks:
    """What can be done about telling."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claim(self, most: int) -> list[Job]:
        """Takes up to so many whose time has come."""

        def work(run: Statements) -> list[Job]:
            chosen = f"SELECT number FROM jobs WHERE hook = '{OWED}' AND hook_at <= unixnow() LIMIT ? {run.locking}"
            rows = run(
                "UPDATE jobs SET hook_tries = hook_tries + 1, hook_at = unixnow() + ? "
                f"WHERE number IN ({chosen}) RETURNING *",
                *(LEASE_S, most),
            )
            return [Job.of(row) for row in rows]

        return await self._connection.write(work)

    async def told(self, job: Job) -> None:
        """They have it."""
        sql = f"UPDATE jobs SET hook = '{TOLD}', hook_message = '' WHERE id = ? AND hook_tries = ?"
        await self._connection.write(lambda run: run(sql, job.id, job.hook_tries))

    async def untold(self, job: Job, message: str, again_s: float | None) -> None:
        """They did not take it; None: no more tries."""
        sql = "UPDATE jobs SET hook = ?, hook_at = unixnow() + ?, hook_message = ? WHERE id = ? AND hook_tries = ?"
        values = (DEAD if again_s is None else OWED, again_s or 0.0, message, job.id, job.hook_tries)
        await self._connection.write(lambda run: run(sql, *values))

    async def replay(self, job: Job) -> None:
        """Once more, from the first try on."""
        if not job.webhook or not job.has_ended:
            raise Conflict(f"The job {job.id} has no webhook, or has not ended; there is nothing to tell again.")
        sql = f"UPDATE jobs SET {ON_END} WHERE id = ?"
        await self._connection.write(lambda run: run(sql, job.id))
