"""A real Postgres, of the system's own package, as a process of a user who is not root."""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import psycopg
import pytest

from tests.waiting import until_now

USERS = ("postgres", "nobody")  # root may not run it


def binaries() -> Path:
    """Where it is installed; skips where it is not."""
    found = [*sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres")), shutil.which("postgres") or ""]
    if not found[0]:
        pytest.skip("no Postgres is installed here: apt-get install postgresql")
    return Path(found[0]).parent


class Postgres:
    """One server with one database, which can be killed and started again."""

    def __init__(self) -> None:
        self._programs = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._user = next((name for name in USERS if _exists(name)), "") if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run(
            "initdb", "-D", str(self.folder / "data"), "-U", "parley", "-A", "trust", "--no-sync"
        ).check_returncode()
        self.url = f"postgresql://parley@/postgres?host={self.folder}"
        self.start()

    def _run(self, program: str, *words: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run((self._programs / program, *words), user=self._user, capture_output=True, cwd=self.folder)

    def start(self) -> None:
        """Until it takes calls."""
        words = (self._programs / "postgres", "-D", str(self.folder / "data"), "-k", str(self.folder), "-h", "")
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(words, user=self._user, stdout=quiet, stderr=quiet, cwd=self.folder)
        until_now(self.answers)

    def answers(self) -> bool:
        """Whether it does."""
        try:
            psycopg.connect(self.url, connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """With -9: its children end when they notice."""
        self._process.kill()
        self._process.wait()
        (self.folder / "data/postmaster.pid").unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def empty(self) -> None:
        """Without tables."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS jobs, submissions")


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
