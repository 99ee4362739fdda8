"""A table of jobs, on the real SQLite and on the real Postgres."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from parley.jobs.job import Job, NewJob, Submission
from parley.jobs.queue import JobQueue
from tests.postgres import Postgres

ADA, BEN = Submission("ada", "monday", "{}"), Submission("ben", "tuesday", "{}")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Its address; empty: SQLite."""
    if request.param == "sqlite":
        return ""
    started: Postgres = request.getfixturevalue("postgres")
    started.empty()
    return started.url


@pytest_asyncio.fixture
async def queue(tmp_path: Path, database: str) -> AsyncIterator[JobQueue]:
    opened = JobQueue(database, tmp_path)
    yield opened
    opened.close()


def new(*ids: str) -> list[NewJob]:
    return [NewJob(each, f"{each}.wav", "upload", 10) for each in ids]


async def claimed(queue: JobQueue, worker: str = "one", most: int = 1) -> list[Job]:
    return await queue.claim(worker, most)
