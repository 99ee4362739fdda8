"""A child process that cannot outlive its parent, and its log. Must not know what it runs or why."""

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
# Loaded here, because a child between fork and exec must not load anything.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Command:
    """How to start a process, and where its log goes."""

    name: str
    arguments: Sequence[str]
    folder: Path
    log: Path
    env: Mapping[str, str]

    def start(self) -> "subprocess.Popen[bytes]":
        """Run it, in a session of its own: Ctrl-C is for the parent to hand on."""
        parent = os.getpid()
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.arguments,
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: _die_with(parent),
            )

    def last_line(self) -> str:
        """The end of its log: what it said before it ended."""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
        return _message(lines[-1]) if lines else ""


def _message(line: str) -> str:
    """What a person wants of a log line."""
    try:
        return str(json.loads(line)["message"])
    except (ValueError, KeyError, TypeError):
        return line


def _die_with(parent: int) -> None:
    """In the child: when the parent dies, even by kill -9, so do I."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could ask
        os.kill(os.getpid(), signal.SIGKILL)


def resident_bytes(pid: int) -> int | None:
    """The memory it holds, where the system tells."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except (OSError, IndexError):
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
