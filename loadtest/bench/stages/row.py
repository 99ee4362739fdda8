"""What a row of the stage bench says. Must not know how it was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

HEADS = ("what", "beside", "seen", "aim", "")


class Skipped(Exception):
    """Something is missing here; the message says what, and where it comes from."""


@dataclass(frozen=True)
class BenchRow:
    """One thing measured beside another in the same run."""

    what: str
    beside: str
    seen: str
    aim: str = ""
    held: bool | None = None  # None: nothing was aimed at, or nothing measured

    @property
    def mark(self) -> str:
        """The verdict in one word."""
        return {True: "held", False: "missed", None: ""}[self.held]

    @property
    def cells(self) -> tuple[str, ...]:
        """The row's cells, from left to right."""
        return self.what, self.beside, self.seen, self.aim, self.mark


def table(rows: Sequence[BenchRow]) -> Table:
    """For a terminal."""
    drawn = Table(*HEADS, show_lines=True)
    for row in rows:
        color = {True: "green", False: "red", None: "dim"}[row.held]
        drawn.add_row(*row.cells[:-1], f"[{color}]{row.mark}")
    return drawn


def markdown(rows: Sequence[BenchRow]) -> str:
    """For docs/performance.md."""
    bold = [(*row.cells[:-1], f"**{row.mark}**" if row.held is False else row.mark) for row in rows]
    lines = [HEADS, ("---",) * len(HEADS), *bold]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def times(ours: float, theirs: float) -> str:
    """The ratio to the value beside it."""
    return f"{ours / theirs:.1f}x"
