"""Logs that their processes go on writing, kept from growing without end. Must not know who writes what.

A process has its log open to append, and gets no other: what is full is copied and then emptied.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

LARGEST = 16 << 20  # bytes of one log; what a process writes between two looks comes on top
KEPT = 3  # older ones: asr.log.1 is the newest


def rotate(log: Path, largest: int = LARGEST, kept: int = KEPT) -> bool:
    """Begin a full log anew; whether it was full."""
    try:
        if log.stat().st_size <= largest:
            return False
    except OSError:
        return False
    older = [log, *_older(log, kept)]
    for newer, place in reversed(list(pairwise(older[1:]))):
        with suppress(OSError):
            newer.replace(place)
    _move(log, older[1])
    return True


def remove(log: Path) -> None:
    """A log and its older ones."""
    for each in (log, *_older(log, KEPT)):
        each.unlink(missing_ok=True)


def _older(log: Path, kept: int) -> Iterator[Path]:
    return (log.with_name(f"{log.name}.{number + 1}") for number in range(kept))


def _move(log: Path, place: Path) -> None:
    """What is written between the last read and the cut is lost, so nothing is done in between."""
    try:
        with log.open("rb") as source, place.open("wb") as copy:
            shutil.copyfileobj(source, copy)
            os.truncate(log, 0)
    except OSError:  # the disk is full: better an empty log than none that can be written
        place.unlink(missing_ok=True)
        os.truncate(log, 0)
