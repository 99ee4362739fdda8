"""A worker's name: the same after a restart, and never that of a worker that lives. Must not know jobs."""

import fcntl
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from parley.errors import BadConfig


@contextmanager
def taken(folder: Path) -> Iterator[str]:
    """The first free name of this host, for as long as the context lasts; a killed process lets go of its own."""
    place = folder / "workers"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in count(1):
            name = f"{socket.gethostname()}-{number}"
            with (place / f"{name}.lock").open("a") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield name
                return
    except OSError as error:
        raise BadConfig(f"Jobs cannot be kept in {folder} ({error.strerror}); name another `folder`.") from None
