"""Batches: jobs that one file has asked for, and the files that say what came of them. Must not know their lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from parley.errors import NotFound
from parley.jobs import uploads
from parley.jobs.database import Connection, Row, Statements
from parley.jobs.uploads import Upload


class UnknownBatch(NotFound):
    """No such batch, or another key's."""

    reason = "BATCH_NOT_FOUND"


@dataclass(frozen=True)
class Batch:
    """A row. Its jobs carry its id as their batch."""

    id: str
    owner: str
    source: str  # the file with its lines
    endpoint: str
    about: str  # JSON that its submitter wants to see again
    total: int
    refused: str = ""  # JSON: what was wrong with its lines; then it has no jobs
    number: int = 0
    made_at: float = 0.0
    cancelled_at: float = 0.0
    ended_at: float = 0.0  # when what follows was written
    outcome: str = ""  # in its submitter's words
    done: int = 0  # jobs
    output: str = ""
    errors: str = ""
    session: str = ""  # that the caller has named

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Batch":
        """A row of the table."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})


def insert(run: Statements, batch: Batch) -> None:
    """In the transaction that adds its jobs."""
    run(
        "INSERT INTO batches (id, owner, source, endpoint, about, total, refused, session, made_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, unixnow()) ON CONFLICT (id) DO NOTHING",
        *(batch.id, batch.owner, batch.source, batch.endpoint, batch.about, batch.total, batch.refused, batch.session),
    )


class Batches:
    """What can be done with batches."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, owner: str, id_: str) -> Batch:
        """One batch of this owner."""
        sql = "SELECT * FROM batches WHERE id = ? AND owner = ?"
        return _only(await self._connection.read(lambda run: run(sql, id_, owner)), id_)

    async def page(self, owner: str, after: str, most: int) -> list[Batch]:
        """The newest first, those behind that one."""
        sql = (
            "SELECT * FROM batches WHERE owner = ? AND (? = '' OR number < (SELECT number FROM batches WHERE id = ? "
            "AND owner = ?)) ORDER BY number DESC LIMIT ?"
        )
        rows = await self._connection.read(lambda run: run(sql, owner, after, after, owner, most))
        return [Batch.of(row) for row in rows]

    async def add(self, batch: Batch) -> None:
        """One without jobs."""
        await self._connection.write(lambda run: insert(run, batch))

    async def cancel(self, owner: str, id_: str) -> Batch:
        """It is not wanted any more; its jobs are cancelled one by one."""
        sql = "UPDATE batches SET cancelled_at = unixnow() WHERE id = ? AND owner = ? RETURNING *"
        return _only(await self._connection.write(lambda run: run(sql, id_, owner)), id_)

    async def end(self, batch: Batch, files: Sequence[Upload]) -> bool:
        """It has ended like this, with these files; False: somebody else has ended it."""

        def work(run: Statements) -> bool:
            ended = run(
                "UPDATE batches SET ended_at = unixnow(), outcome = ?, done = ?, output = ?, errors = ? "
                "WHERE id = ? AND ended_at = 0 RETURNING id",
                *(batch.outcome, batch.done, batch.output, batch.errors, batch.id),
            )
            for each in files if ended else ():
                uploads.insert(run, each)
            return bool(ended)

        return await self._connection.write(work)

    async def expire(self, keep_s: float) -> None:
        """Those that are older than that are gone."""
        await self._connection.write(lambda run: run("DELETE FROM batches WHERE made_at < unixnow() - ?", keep_s))


def _only(rows: Sequence[Row], id_: str) -> Batch:
    if not rows:
        raise UnknownBatch(f"There is no batch {id_[:60]!r} of this key.")
    return Batch.of(rows[0])
