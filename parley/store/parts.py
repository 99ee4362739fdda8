"""Files that come in parts: model.bin.part1, model.bin.part2 -> model.bin. Must not know where they lie."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from parley.errors import BadInput

PART = re.compile(r"(?P<whole>.+)\.part(?P<number>\d{1,4})")


def whole_of(name: str) -> str:
    """The file that this one is, or is a part of."""
    part = PART.fullmatch(name)
    return part["whole"] if part else name


def wholes(names: Iterable[str], where: str) -> dict[str, list[str]]:
    """Every file, and what it is joined from, in order: its parts, or itself."""
    found: dict[str, list[str]] = {}
    parts: dict[str, dict[int, str]] = defaultdict(dict)
    for name in names:
        if part := PART.fullmatch(name):
            parts[part["whole"]][int(part["number"])] = name
        else:
            found[name] = [name]
    for whole, numbered in parts.items():
        if whole not in found:
            _check(whole, sorted(numbered), where)
            found[whole] = [numbered[number] for number in sorted(numbered)]
    return found


def _check(whole: str, numbers: Sequence[int], where: str) -> None:
    """Counted from 0 or 1, at least two, and none missing between; a last one that is missing shows in the whole."""
    first = min(1, numbers[0])
    wanted = range(first, first + max(2, numbers[-1] - first + 1))
    if lacking := [number for number in wanted if number not in numbers]:
        names = ", ".join(f"{whole}.part{number}" for number in lacking)
        raise BadInput(f"{where} lacks {names}; name what has it too, e.g. the other wheels of this model.")
