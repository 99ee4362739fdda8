"""Starts processes, waits until they are ready, watches them, ends them. Must not know what they are for.

`parley up` restarts what ends and draws it meanwhile, so it uses `Command` and decides the rest in supervisor.py; the
load test and the end-to-end tests hold `Processes`.
"""

import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PR_SET_PDEATHSIG = 1
READY_TIMEOUT_S, STOP_TIMEOUT_S = 60.0, 30.0  # a busy machine may take that long
OF_GRPC = re.compile(r"[IWE]\d{4} \d\d:\d\d:\d\d\.")
POLL_S = 0.02  # between two looks: a process tells nobody that it is ready
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
    # Killed with us, even by kill -9. Linux means the thread that starts it: only for who starts from the main one.
    dies_with_us: bool = False

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
                preexec_fn=(lambda: die_with(parent)) if self.dies_with_us else None,
            )

    def reason(self, code: int | None) -> str:
        """Why it ended: the signal, or the last complaint in its log."""
        if code is not None and code < 0:
            return f"killed by {signal.Signals(-code).name}"
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
        complaints = filter(None, map(_complaint, reversed(lines)))
        return next(complaints, "it ended by itself and did not say why" if code == 0 else f"exit code {code}")


class Processes:
    """Some processes by name. Leaving it ends those that still run."""

    def __init__(self, ready_timeout_s: float = READY_TIMEOUT_S, stop_timeout_s: float = STOP_TIMEOUT_S) -> None:
        self._ready_timeout_s, self._stop_timeout_s = ready_timeout_s, stop_timeout_s
        self._commands: dict[str, Command] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Of all that were started and not stopped."""
        return tuple(self.running)

    def launch(self, command: Command) -> None:
        """Start one."""
        self._commands[command.name] = command
        self.start_again(command.name)

    def start_again(self, name: str) -> None:
        """One that has ended, as it was."""
        self.running[name] = self._commands[name].start()

    def start_if_ended(self, name: str) -> bool:
        """The same, unless it still lives; whether it was started."""
        ended = self.has_ended(name)
        if ended:
            self.start_again(name)
        return ended

    def has_ended(self, name: str) -> bool:
        """Whether a process is gone."""
        return self.running[name].poll() is not None

    def pid(self, name: str) -> int:
        """Of a process."""
        return self.running[name].pid

    def signal(self, name: str, number: signal.Signals) -> bool:
        """Kill, freeze, thaw or ask to go; whether it was still there."""
        alive = not self.has_ended(name)
        self.running[name].send_signal(number)
        return alive

    def kill(self, name: str) -> None:
        """As the kernel kills: at once, without a word."""
        self.running[name].kill()
        self.running[name].wait(self._stop_timeout_s)

    def check(self) -> None:
        """Raise when one has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                log = self._commands[name].log.read_text("utf-8", "replace")
                raise RuntimeError(f"{name} has ended with {process.returncode}:\n{log[-2000:]}")

    def await_ready(self, http: str) -> None:
        """Until the gateway's /readyz says yes."""
        end = time.monotonic() + self._ready_timeout_s
        while not answers(http, "/readyz"):
            self.check()
            if time.monotonic() > end:
                logs = ", ".join(str(command.log) for command in self._commands.values())
                raise TimeoutError(f"{http} is not ready after {self._ready_timeout_s:g} s; the logs are {logs}.")
            time.sleep(POLL_S)

    def stop(self, *names: str) -> dict[str, int]:
        """Ask these, or all, to end, and end those that do not; what they exited with."""
        going = {name: self.running.pop(name) for name in names or self.names}
        for process in going.values():
            process.terminate()
            process.send_signal(signal.SIGCONT)  # a frozen one could not obey
        end = time.monotonic() + self._stop_timeout_s
        return {name: _ended(process, end) for name, process in going.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def answers(address: str, path: str, *, tls: bool = False) -> bool:
    """True when the HTTP server there says 200. By hand: urllib costs a tenth of a second of the start."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1.0) as plain:
            line = _wrapped(plain) if tls else plain
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            reply = line.recv(64)
            # Hung up after the handshake: it wants a certificate that we do not have. That it takes calls must do.
            return reply.startswith(b"HTTP/1.1 200") or (tls and not reply)
    except OSError:
        return False


def resident_bytes(pid: int) -> int | None:
    """The memory it holds, where the system tells."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except (OSError, IndexError):
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _wrapped(line: socket.socket) -> socket.socket:
    """Our own child on our own machine: who it says it is does not matter."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(line)


def _ended(process: "subprocess.Popen[bytes]", end: float) -> int:
    try:
        return process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _complaint(line: str) -> str:
    """What a person wants of a log line: nothing, if it says how things went well, or is grpc's own."""
    try:
        record = json.loads(line)
        return str(record["message"]) if record["level"] in ("ERROR", "CRITICAL") else ""
    except (ValueError, KeyError, TypeError):
        return "" if OF_GRPC.match(line) else line


def die_with(parent: int) -> None:
    """In the child: when the parent dies, even by kill -9, so do I."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could ask
        os.kill(os.getpid(), signal.SIGKILL)
