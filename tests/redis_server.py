"""A real Redis, of the system's own package, on a socket of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import until_now


@contextmanager
def running(folder: Path) -> Iterator[tuple[Path, "subprocess.Popen[bytes]"]]:
    """Its socket and its process, which the test may stop; skips where none is installed."""
    if not (server := shutil.which("redis-server")):
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    socket = folder / "redis.sock"
    command = (server, "--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", "")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            until_now(socket.exists)
            yield socket, process
        finally:
            process.kill()
