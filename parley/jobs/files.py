"""The files of jobs: a folder for each, removed with it. Must not know what is in them.

A file is whole or not there: it is written beside its name, synced and moved. What a worker makes is called by its
own sum, so that two attempts of one job never write to the same name unless they say the same.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from parley.errors import BadConfig, ParleyError, Unavailable
from parley.jobs.job import UPLOAD, DiskFull

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NEW = ".new"


class JobFiles:
    """All jobs' folders, in one."""

    def __init__(self, folder: Path, reserve_bytes: int = 0) -> None:
        self._folder, self._reserve = folder / "files", reserve_bytes
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadConfig(f"Jobs cannot be kept in {folder} ({error.strerror}); name another `folder`.") from None

    def path(self, job: str, name: str = UPLOAD) -> Path:
        """Where a job's file lies."""
        return self._folder / job / name

    def make(self, job: str, upload: bytes | None) -> None:
        """A job's folder with what was sent for it; nothing is left where it does not fit."""
        free = shutil.disk_usage(self._folder).free
        if free - len(upload or b"") < self._reserve:
            gib = f"{free / (1 << 30):.1f} GiB are free"
            raise DiskFull(f"{gib}, and `jobs.reserve_bytes` of them stay so; make room, or send it later.", retry_s=60)
        try:
            with _in_words():
                (self._folder / job).mkdir(mode=0o700)
                if upload is not None:
                    self._write(job, upload)
        except ParleyError:
            self.remove(job)
            raise

    def _write(self, job: str, upload: bytes) -> None:
        with self.adding(job) as file:
            file.write(upload)
        self.take_upload(job, Path(file.name))

    @contextmanager
    def adding(self, job: str) -> Iterator[BinaryIO]:
        """A file that is being made; it is a job's once `keep` has given it its name."""
        with _in_words(), (self._folder / job / f"{uuid.uuid4().hex}{NEW}").open("xb") as file:
            yield file

    def keep(self, job: str, made: Path) -> str:
        """Gives it its name: the sum of what is in it."""
        with _in_words():
            with made.open("rb") as file:
                name = hashlib.file_digest(file, "sha256").hexdigest()
            _synced(made, self._folder / job / name)
        return name

    def take_upload(self, job: str, made: Path) -> None:
        """It is the job's recording."""
        with _in_words():
            _synced(made, self.path(job))

    def tidy(self, job: str) -> None:
        """Forgets what an attempt has left that is no result."""
        for file in (self._folder / job).glob(f"*{NEW}"):
            with contextlib.suppress(OSError):
                file.unlink()

    def forget_parts(self, job: str) -> None:
        """The folders of its parts."""
        for folder in filter(Path.is_dir, (self._folder / job).glob("*")):
            shutil.rmtree(folder, ignore_errors=True)

    def remove(self, job: str) -> None:
        """Everything of a job."""
        shutil.rmtree(self._folder / job, ignore_errors=True)

    def sizes(self, job: str) -> int:
        """Bytes that a job's files take."""
        return sum(file.stat().st_size for file in (self._folder / job).glob("*") if file.is_file())

    def orphans(self, older_than: float) -> Iterator[str]:
        """Folders that were made before that moment; who asks knows which of them have a job."""
        for folder in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if folder.stat().st_mtime < older_than:
                    yield folder.name


def _synced(made: Path, place: Path) -> None:
    """On the disk, not only in the system's memory, before its name is there."""
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(place)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull("There is no room left for jobs; make some, or send it later.", retry_s=60) from None
        if error.errno == errno.ENOENT:
            raise Unavailable("The job's folder is gone: it was deleted.") from None
        raise
