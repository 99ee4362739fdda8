"""Versions that mean something: MAJOR.MINOR.PATCH. Others are names, which sort as people count. Pure."""

import re

SEMANTIC = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:[-+._].*)?", re.ASCII)  # `-int8` and the like may follow
_NUMBERS = re.compile(r"(\d+)", re.ASCII)


def major(version: str) -> int | None:
    """The first of its three numbers; None: it is a name."""
    found = SEMANTIC.fullmatch(version)
    return int(found[1]) if found else None


def order(version: str) -> tuple[tuple[int, str], ...]:
    """By which versions are sorted: 1.9.0 before 1.10.0, 2 before 10."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBERS.split(version) if part)
