"""The tables of jobs, in the SQL that SQLite and Postgres both understand, and in which of the two they are."""

from functools import partial
from pathlib import Path

from parley.errors import BadConfig
from parley.extras import install, is_installed
from parley.jobs.database import Connection, Database, SqliteDatabase, Statements

TEXT, MOMENT = "TEXT NOT NULL DEFAULT ''", "DOUBLE PRECISION NOT NULL DEFAULT 0"
JOBS = f"""CREATE TABLE IF NOT EXISTS jobs (
    number SERIAL PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner {TEXT}, batch {TEXT}, submission {TEXT}, name {TEXT},
    source {TEXT}, pipeline {TEXT}, webhook {TEXT}, state TEXT NOT NULL DEFAULT 'queued', stage {TEXT},
    attempt INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, worker {TEXT}, lease_until {MOMENT},
    wait_until {MOMENT}, due_at {MOMENT}, made_at {MOMENT}, begun_at {MOMENT}, ended_at {MOMENT}, done_s {MOMENT},
    duration_s {MOMENT}, reason {TEXT}, message {TEXT}, results TEXT NOT NULL DEFAULT '{{}}',
    bytes BIGINT NOT NULL DEFAULT 0, hook {TEXT}, hook_tries INTEGER NOT NULL DEFAULT 0, hook_at {MOMENT},
    hook_message {TEXT})"""
# What an earlier version's tables have not: added where it is not there, so that accepted jobs outlive an upgrade.
LATER = {
    "jobs": {
        "parent": TEXT,
        "parts": "INTEGER NOT NULL DEFAULT 0",
        "place": "BIGINT NOT NULL DEFAULT 0",
        "start_s": MOMENT,
        "note": TEXT,
        "session": TEXT,
    },
    "files": {"session": TEXT},
    "batches": {"session": TEXT},
}
FILES = f"""CREATE TABLE IF NOT EXISTS files (
    number SERIAL PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner {TEXT}, purpose {TEXT}, name {TEXT},
    bytes BIGINT NOT NULL DEFAULT 0, made_at {MOMENT}, expires_at {MOMENT})"""
BATCHES = f"""CREATE TABLE IF NOT EXISTS batches (
    number SERIAL PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner {TEXT}, source {TEXT}, endpoint {TEXT}, about {TEXT},
    total INTEGER NOT NULL DEFAULT 0, refused {TEXT}, made_at {MOMENT}, cancelled_at {MOMENT}, ended_at {MOMENT},
    outcome {TEXT}, done INTEGER NOT NULL DEFAULT 0, output {TEXT}, errors {TEXT})"""
SUBMISSIONS = "CREATE TABLE IF NOT EXISTS submissions (owner TEXT, key TEXT, digest TEXT, PRIMARY KEY (owner, key))"
INDEXES = (
    "CREATE INDEX IF NOT EXISTS files_by_owner ON files (owner, number)",
    "CREATE INDEX IF NOT EXISTS batches_by_owner ON batches (owner, number)",
    "CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, owner, number)",
    "CREATE INDEX IF NOT EXISTS jobs_by_owner ON jobs (owner, batch, number)",
    "CREATE INDEX IF NOT EXISTS jobs_by_submission ON jobs (owner, submission)",
    "CREATE INDEX IF NOT EXISTS jobs_by_bounds ON jobs (owner, state, bytes)",
    "CREATE INDEX IF NOT EXISTS jobs_by_parent ON jobs (parent)",
    "CREATE INDEX IF NOT EXISTS jobs_by_hook ON jobs (hook, hook_at)",
)
POSTGRES = ("postgresql://", "postgres://")


def connected(url: str, folder: Path) -> Connection:
    """The database with that address, with its tables; empty: SQLite in the folder."""
    return Connection(partial(_opened, url, folder), make)


def make(run: Statements) -> None:
    """The tables and their columns, where they are not there."""
    for each in (JOBS, FILES, BATCHES, SUBMISSIONS):
        run(each)
    for table, columns in LATER.items():
        there = {row["name"] for row in run(run.columns, table)}
        for name, kind in columns.items():
            if name not in there:
                run(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
    for each in INDEXES:
        run(each)


def _opened(url: str, folder: Path) -> Database:
    if not url:
        return SqliteDatabase(folder / "jobs.sqlite")
    if not url.startswith(POSTGRES):
        raise BadConfig("`database` must be postgresql://user@host/name; leave it out for SQLite.")
    if not is_installed("psycopg"):
        raise BadConfig(f"`database` is a Postgres: {install('postgres')}.")
    from parley.jobs.postgres import PostgresDatabase

    return PostgresDatabase(url)
