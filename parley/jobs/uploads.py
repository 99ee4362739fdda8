"""Files that were sent ahead, for batches to name, and what batches leave. Must not know what is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from parley.errors import NotFound
from parley.jobs.bounds import Bounds
from parley.jobs.database import Connection, Statements

PREFIX = "file-"  # of an id; a job's source may be one


class UnknownFile(NotFound):
    """No such file, or another key's."""

    reason = "FILE_NOT_FOUND"


@dataclass(frozen=True)
class Upload:
    """A row."""

    id: str
    owner: str
    purpose: str
    name: str
    bytes: int
    number: int = 0
    made_at: float = 0.0
    expires_at: float = 0.0  # 0: when jobs are forgotten too
    session: str = ""  # that the caller has named

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Upload":
        """A row of the table."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})


class Uploads:
    """What can be done with files."""

    def __init__(self, connection: Connection, bounds: Bounds) -> None:
        self._connection, self._bounds = connection, bounds

    async def add(self, upload: Upload, within_s: float) -> Upload:
        """One more, for so long; 0: as long as jobs."""

        def work(run: Statements) -> Upload:
            self._bounds.check(run, upload.owner, jobs=0, size=upload.bytes)
            return insert(run, upload, within_s)

        return await self._connection.write(work)

    async def get(self, owner: str, id_: str) -> Upload:
        """One file of this owner."""
        found = await self._connection.read(lambda run: _named(run, owner, id_))
        if found is None:
            raise UnknownFile(f"There is no file {id_[:60]!r} of this key.")
        return found

    async def lacking(self, owner: str, ids: Sequence[str]) -> set[str]:
        """Those of them that are not this owner's."""
        asked = set(ids)
        return await self._connection.read(lambda run: {each for each in asked if _named(run, owner, each) is None})

    async def page(self, owner: str, purpose: str, after: str, most: int, *, newest: bool) -> list[Upload]:
        """Those behind that one, in this order; no purpose: of any."""
        order, beyond = ("DESC", "<") if newest else ("ASC", ">")
        sql = (
            "SELECT * FROM files WHERE owner = ? AND (? = '' OR purpose = ?) AND (? = '' OR number "
            f"{beyond} (SELECT number FROM files WHERE id = ? AND owner = ?)) ORDER BY number {order} LIMIT ?"
        )
        values = (owner, purpose, purpose, after, after, owner, most)
        return [Upload.of(row) for row in await self._connection.read(lambda run: run(sql, *values))]

    async def delete(self, owner: str, id_: str) -> None:
        """Nothing of it is left here."""
        sql = "DELETE FROM files WHERE id = ? AND owner = ? RETURNING id"
        if not await self._connection.write(lambda run: run(sql, id_, owner)):
            raise UnknownFile(f"There is no file {id_[:60]!r} of this key.")
        await self._connection.overwrite()

    async def expire(self, keep_s: float) -> list[str]:
        """The ids of those whose time is over, which are gone now."""
        over = "expires_at > 0 AND expires_at < unixnow() OR expires_at = 0 AND made_at < unixnow() - ?"
        sql = f"DELETE FROM files WHERE {over} RETURNING id"
        if gone := await self._connection.write(lambda run: run(sql, keep_s)):
            await self._connection.overwrite()
        return [row["id"] for row in gone]


def insert(run: Statements, upload: Upload, within_s: float = 0.0) -> Upload:
    """In a transaction that does more."""
    (row,) = run(
        "INSERT INTO files (id, owner, purpose, name, bytes, session, made_at, expires_at) VALUES "
        "(?, ?, ?, ?, ?, ?, unixnow(), CASE WHEN ? > 0 THEN unixnow() + ? ELSE 0 END) "
        "ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING *",
        *(upload.id, upload.owner, upload.purpose, upload.name, upload.bytes, upload.session, within_s, within_s),
    )
    return Upload.of(row)


def _named(run: Statements, owner: str, id_: str) -> Upload | None:
    found = run("SELECT * FROM files WHERE id = ? AND owner = ?", id_, owner)
    return Upload.of(found[0]) if found else None
