"""A folder for what comes of one source, and how a whole model gets to its place. Must not know what a model is.

Two processes that fetch the same do it one after the other: the folder is locked by the system, which also unlocks it
when a process is killed. A model is moved to its place by one rename of a whole folder, after its bytes are on disk.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from parley.errors import BadInput, Unavailable

INCOMING, LOCK, MODEL, REMOVED = ".incoming", "lock", "model", "removed-"
PART = "*.part"  # a file or folder of which more is to come


@contextmanager
def incoming(models: Path, source: str, waits: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """Kept, for the next call, when a download breaks off; gone when all is done."""
    folder = models / INCOMING / hashlib.sha256(source.encode()).hexdigest()[:16]
    with _locked(folder, waits):
        shutil.rmtree(folder / MODEL, ignore_errors=True)  # of a process that was killed
        keeps = False
        try:
            yield folder
        except (Unavailable, KeyboardInterrupt):
            keeps = True  # what has come whole, too
            raise
        finally:
            shutil.rmtree(folder / MODEL, ignore_errors=True)
            if not (any(folder.rglob(PART)) or (keeps and len(list(folder.iterdir())) > 1)):
                shutil.rmtree(folder, ignore_errors=True)
                _remove_empty(folder.parent)


@contextmanager
def _locked(folder: Path, waits: Callable[[], None]) -> Iterator[None]:
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = (folder / LOCK).open("ab")
        except FileNotFoundError:  # another process has just tidied up
            continue
        except OSError as error:
            raise BadInput(f"{folder} cannot be made ({error.strerror}); name a folder with --root.") from None
        with file:
            _wait(file, waits)
            if _is_there(folder / LOCK, file):
                yield
                return


def _wait(file: IO[bytes], waits: Callable[[], None]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waits()
        fcntl.flock(file, fcntl.LOCK_EX)


def _is_there(path: Path, file: IO[bytes]) -> bool:
    """Whether what is locked still has its name: who had it before may have tidied up."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def free(place: Path) -> Path:
    """Refuse a place that is taken."""
    if place.exists():
        raise BadInput(f"{place} is there already; give another --name or --version.")
    return place


def put(folder: Path, place: Path) -> Path:
    """All at once, and for good: who looks meanwhile sees no half model, also when the power fails."""
    for path in (*folder.iterdir(), folder):
        _sync(path)
    free(place).parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.rename(place)
    except OSError:
        free(place)  # somebody was quicker
        raise
    _sync(place.parent)
    return place


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def remove(models: Path, place: Path) -> int:
    """A version, out of sight by one rename, then its files; how many bytes."""
    size = size_of(place)
    aside = models / INCOMING / f"{REMOVED}{os.getpid()}-{place.parent.name}-{place.name}"
    aside.parent.mkdir(parents=True, exist_ok=True)
    place.rename(aside)
    shutil.rmtree(aside)
    for empty in (place.parent, aside.parent):
        _remove_empty(empty)
    return size


def leftovers(models: Path) -> Iterator[Path]:
    """What broken-off calls have left and no process holds now."""
    for folder in sorted((models / INCOMING).glob("*")):
        lock = folder / LOCK
        if not lock.exists():
            yield folder
            continue
        with lock.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield folder


def collect(models: Path) -> int:
    """Remove that; how many bytes."""
    size = 0
    for folder in leftovers(models):
        size += size_of(folder)
        shutil.rmtree(folder, ignore_errors=True)
    _remove_empty(models / INCOMING)
    return size


def size_of(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # something is in it, or it is gone
