"""A model folder's files, opened: regular ones, no links, of a bounded size. Must not know what is in them."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from parley.errors import BadModel

LARGEST = 64 << 30  # bytes of one file
LARGEST_TEXT = 1 << 20  # bytes of a model.toml


def opened(path: Path, largest: int = LARGEST) -> BinaryIO:
    """The file, for reading. A device has no end, a pipe no beginning, and a link may lead to other bytes tomorrow."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise BadModel(f"{path} is a link; put the file itself there.") from None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise BadModel(f"{path} cannot be read ({reason}); restore the file.") from None
    found = os.fstat(file.fileno())
    if stat.S_ISREG(found.st_mode) and found.st_size <= largest:
        return file
    file.close()
    if not stat.S_ISREG(found.st_mode):
        raise BadModel(f"{path} is not a regular file; put the file itself there.")
    raise BadModel(f"{path} has {found.st_size} bytes, and {largest} is the most; is it the right file?")


def read(path: Path, largest: int = LARGEST) -> bytes:
    """All of it."""
    with opened(path, largest) as file:
        return file.read(os.fstat(file.fileno()).st_size)
