"""A few jobs and a few kills; tests/chaos/test_jobs.py has many."""

from pathlib import Path

import pytest

from tests.e2e.jobs import crashes
from tests.e2e.jobs.cluster import JobsCluster
from tests.postgres import Postgres

pytestmark = pytest.mark.timeout(180)


async def test_every_job_ends_once_whatever_is_killed(tmp_path: Path) -> None:
    """With two workers; the results are those of a run in which nothing happens."""
    async with JobsCluster(tmp_path, workers=2) as cluster:
        await crashes.check(cluster, jobs=10, kills=10, seed=1)


async def test_the_same_on_postgres_which_is_killed_too(tmp_path: Path) -> None:
    """By one setting, with three workers, and every recording in pieces."""
    with Postgres() as database:
        async with JobsCluster(tmp_path, workers=3, database=database.url, piece_s=4.0) as cluster:
            await crashes.check(cluster, jobs=10, kills=10, seed=2, database=database)
