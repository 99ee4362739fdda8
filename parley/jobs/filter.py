"""Which jobs somebody asks about. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from parley.jobs.job import JobState


@dataclass(frozen=True)
class Filter:
    """Which jobs somebody asks about."""

    owner: str
    states: Sequence[JobState] = ()
    batch: str = ""
    hook: str = ""

    @property
    def sql(self) -> tuple[str, list[object]]:
        """A condition and its values."""
        parts, values = ["parent = ''", "owner = ?"], list[object]([self.owner])
        if self.batch:
            parts, values = [*parts, "batch = ?"], [*values, self.batch]
        if self.hook:
            parts, values = [*parts, "hook = ?"], [*values, self.hook]
        if self.states:
            parts, values = (
                [*parts, f"state IN ({', '.join('?' * len(self.states))})"],
                [*values, *(each.value for each in self.states)],
            )
        return " AND ".join(parts), values
