"""How much one key may have."""

from dataclasses import dataclass

from parley.jobs.database import Statements
from parley.jobs.job import TooManyJobs


@dataclass(frozen=True)
class Bounds:
    """What one key may have; 0: as much as it likes."""

    jobs: int = 0  # that have not ended
    bytes: int = 0  # of all that are kept

    def check(self, run: Statements, owner: str, *, jobs: int, size: int) -> None:
        """Refuses so many jobs more, and bytes, where they do not fit."""
        (row,) = run(
            "SELECT COUNT(CASE WHEN state IN ('queued', 'running') THEN 1 END) AS jobs, "
            "COALESCE(SUM(bytes), 0) AS bytes FROM jobs WHERE owner = ? AND parent = ''",
            owner,
        )
        (files,) = run("SELECT COALESCE(SUM(bytes), 0) AS bytes FROM files WHERE owner = ?", owner)
        kept = row["bytes"] + files["bytes"]
        if self.jobs and row["jobs"] + jobs > self.jobs:
            message = f"{row['jobs']} jobs of this key have not ended, and {self.jobs} is the limit; come back."
            raise TooManyJobs(message, retry_s=30.0)
        if self.bytes and kept + size > self.bytes:
            message = f"{kept} bytes are kept for this key, and {self.bytes} is the limit; delete jobs or files."
            raise TooManyJobs(message, retry_s=30.0)
