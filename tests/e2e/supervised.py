"""A real `parley up` for tests, on free ports."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

import psutil

from parley.cli.processes.ports import free_port

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0  # machines that test are busy


class Up:
    """`parley up --json`: what it says, and what it started."""

    def __init__(self, **env: str) -> None:
        http, grpc = free_port(), free_port()
        self.http, self.grpc = f"http://127.0.0.1:{http}", f"127.0.0.1:{grpc}"
        self.sockets = Path(tempfile.mkdtemp(prefix="up-"))
        self.logs = self.sockets.with_name(self.sockets.name + "-logs")
        ports = ("--logs", str(self.logs), "--http-port", str(http), "--grpc-port", str(grpc))
        self.began = time.monotonic()
        # Not by the launcher, which writes output to a log: what is tested is what a program reads through a pipe.
        self.process = subprocess.Popen(
            (sys.executable, "-m", "parley.cli", "up", "--json", "--config", "deploy/echo", *ports),
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.sockets), "PARLEY_TELEMETRY__METRICS": "", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._said: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.pids: dict[str, int] = {}

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._said.put(json.loads(line))

    def until(self, **facts: object) -> dict[str, Any]:
        """Read on until a line says all this."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            line = self._said.get(timeout=max(0.01, deadline - time.monotonic()))
            if line.get("pid"):
                self.pids[line["process"]] = line["pid"]
            if facts.items() <= line.items():
                return line

    def children(self) -> list[psutil.Process]:
        """Everything it started that still runs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def parley(*arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """Run the command as a person does."""
    command = (sys.executable, "-m", "parley.cli", *arguments)
    return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, timeout=PATIENCE_S)
