"""What a model promises beside what it reached. Knows no stage and no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One promise; `held` is None where a number is only reported."""

    what: str
    target: str
    reached: str
    held: bool | None = None

    def line(self) -> str:
        """As a line of a table; a target missed is called missed."""
        verdict = {True: "reached", False: "**missed**", None: ""}[self.held]
        return f"| {self.what} | {self.target} | {self.reached} | {verdict} |"


def at_least(what: str, target: float, reached: float, unit: str = "", digits: int = 2) -> Row:
    """More is better."""
    return Row(what, f">= {target:g}{unit}", f"{reached:.{digits}f}{unit}", reached >= target)


def at_most(what: str, target: float, reached: float, unit: str = "", digits: int = 2) -> Row:
    """Less is better."""
    return Row(what, f"<= {target:g}{unit}", f"{reached:.{digits}f}{unit}", reached <= target)


def told(what: str, reached: float | str, unit: str = "", digits: int = 2) -> Row:
    """Nothing was promised; the number is here all the same."""
    return Row(what, "", f"{reached:.{digits}f}{unit}" if isinstance(reached, float) else f"{reached}{unit}")


def table(rows: Sequence[Row]) -> str:
    """All promises, for people."""
    return "\n".join(["| what | target | reached | |", "|---|---|---|---|", *(row.line() for row in rows)])
