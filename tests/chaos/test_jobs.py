"""Background jobs while everything is killed, again and again."""

from pathlib import Path

import pytest

from tests.e2e.jobs import crashes
from tests.e2e.jobs.cluster import JobsCluster
from tests.postgres import Postgres

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("seed", [7])
async def test_fifty_jobs_and_a_hundred_kills(tmp_path: Path, seed: int) -> None:
    """Gateway, services and workers at random moments: every job ends once, with the undisturbed result."""
    async with JobsCluster(tmp_path, workers=2) as cluster:
        await crashes.check(cluster, jobs=50, kills=100, seed=seed)


async def test_the_same_on_postgres_with_three_workers(tmp_path: Path) -> None:
    """The database is killed too, and every recording is in pieces."""
    with Postgres() as database:
        async with JobsCluster(tmp_path, workers=3, database=database.url, piece_s=4.0) as cluster:
            await crashes.check(cluster, jobs=50, kills=100, seed=11, database=database)
