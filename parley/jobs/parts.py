"""A job that was divided: its parts are rows of their own, which any worker takes. Must not know what a part is of.

Parts are there as long as their job is open, and no longer. While they are worked on, the job itself is nobody's; once
all are done it waits for a worker again, who joins them. If one has failed, so has the job.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parley.jobs.database import Connection, Row, Statements
from parley.jobs.hooks import ON_END
from parley.jobs.job import Job

NEVER = 1e15  # a moment: no lease is over before it
DIVIDED = "id = ? AND parts > 0 AND state = 'running' AND worker = ''"


@dataclass(frozen=True)
class NewPart:
    """What is one part's own."""

    pipeline: str
    source: str
    start_s: float
    duration_s: float


class Parts:
    """What can be done about parts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def divide(self, job: Job, duration_s: float, parts: Sequence[NewPart]) -> bool:
        """The job goes on in parts; False: it was no longer this worker's."""

        def work(run: Statements) -> bool:
            held = run(
                "UPDATE jobs SET worker = '', lease_until = ?, parts = ?, stage = 'transcribe', done_s = 0, "
                "duration_s = ? WHERE id = ? AND attempt = ? AND state = 'running' RETURNING number",
                *(NEVER, len(parts), duration_s, job.id, job.attempt),
            )
            for number, part in enumerate(parts if held else ()):
                _add(run, job, number, part)
            return bool(held)

        return await self._connection.write(work)

    async def of(self, job: Job) -> list[Job]:
        """All parts of a job, in their order."""
        rows = await self._connection.read(
            lambda run: run("SELECT * FROM jobs WHERE parent = ? ORDER BY number", job.id)
        )
        return [Job.of(row) for row in rows]


def name(job: Job, number: int) -> str:
    """The id of a part; its folder is one in the job's. A later attempt divides into others."""
    return f"{job.id}/{job.attempt}.{number}"


def _add(run: Statements, job: Job, number: int, part: NewPart) -> None:
    """A part waits where its job did, not behind what came later."""
    run(
        "INSERT INTO jobs (id, parent, place, owner, batch, name, source, pipeline, start_s, duration_s, made_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, unixnow())",
        *(name(job, number), job.id, job.number, job.owner, job.batch, f"{job.name}/{number}"),
        *(part.source, part.pipeline, part.start_s, part.duration_s),
    )


def progress(run: Statements, jobs: Iterable[str]) -> None:
    """How far they are by what is done of their parts. Waits for who writes one of them: so nobody overlooks an end."""
    done = "SELECT SUM(part.done_s) / SUM(part.duration_s) FROM jobs AS part WHERE part.parent = jobs.id"
    for id_ in sorted(set(jobs)):  # in one order: else two workers could wait for each other
        run(f"UPDATE jobs SET done_s = duration_s * ({done}) WHERE {DIVIDED}", id_)


def settle(run: Statements, changed: Iterable[Row]) -> None:
    """Rows have ended, or begin anew: what that means for the jobs that they are parts of, and for their parts."""
    wholes = {row["parent"] or row["id"] for row in changed if row["parent"] or row["parts"]}
    progress(run, wholes)
    for id_ in sorted(wholes):
        _fail(run, id_)
        undone = "SELECT 1 FROM jobs AS part WHERE part.parent = jobs.id AND part.state <> 'done'"
        run(f"UPDATE jobs SET state = 'queued', stage = '' WHERE {DIVIDED} AND NOT EXISTS ({undone})", id_)
        is_open = "SELECT 1 FROM jobs AS whole WHERE whole.id = ? AND whole.parts > 0 AND whole.ended_at = 0"
        run(f"DELETE FROM jobs WHERE parent = ? AND NOT EXISTS ({is_open})", id_, id_)


def _fail(run: Statements, id_: str) -> None:
    found = run("SELECT reason, message FROM jobs WHERE parent = ? AND state = 'failed' ORDER BY number LIMIT 1", id_)
    for row in found:
        run(
            "UPDATE jobs SET state = 'failed', stage = '', ended_at = unixnow(), reason = ?, message = ?, "
            f"{ON_END} WHERE {DIVIDED}",
            *(row["reason"], row["message"], id_),
        )
