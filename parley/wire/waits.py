"""How long a stream's jobs waited for its engine: a service says it in the trailers, the gateway reads it. Pure."""

from dataclasses import dataclass
from typing import Self

WAITS = "parley-waits"  # the trailer


@dataclass
class Waits:
    """From handing a job in to its result, queue and work; in seconds."""

    jobs: int = 0
    total_s: float = 0.0
    worst_s: float = 0.0

    def note(self, seconds: float) -> None:
        """One more job."""
        self.jobs += 1
        self.total_s += seconds
        self.worst_s = max(self.worst_s, seconds)

    @property
    def mean_s(self) -> float:
        """Of all jobs."""
        return self.total_s / self.jobs if self.jobs else 0.0

    @property
    def text(self) -> str:
        """As a trailer."""
        return f"{self.jobs};{self.total_s:.6f};{self.worst_s:.6f}"

    @classmethod
    def of(cls, text: str) -> Self | None:
        """From a trailer; None: it says nothing that we understand, or there was no job."""
        try:
            jobs, total_s, worst_s = text.split(";")
            read = cls(int(jobs), float(total_s), float(worst_s))
        except ValueError:
            return None
        return read if read.jobs > 0 and read.total_s >= 0 and read.worst_s >= 0 else None
