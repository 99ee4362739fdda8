"""One peer, started and ended, and what it holds in memory. Must not know what is measured on it."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from loadtest.address import Where
from loadtest.bench.peers.install import NotInstalled
from loadtest.bench.peers.peer import HUB_MODEL, Peer, Spot
from loadtest.target.processes import MB
from loadtest.target.server import NICE, Server

START_S, END_S = 120.0, 10.0


@dataclass(frozen=True)
class RunningPeer:
    """A server that answers."""

    where: Where
    pids: tuple[int, ...]

    def rss_mb(self) -> float:
        """All of its processes now."""
        held = 0
        for pid in self.pids:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                held += sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
        return held / MB


@contextmanager
def ours(folder: Path, settings: Path) -> Iterator[RunningPeer]:
    """Parley as it ships, all of its stages; what counts of its memory is the recogniser and the gateway."""
    with Server(folder, settings) as server:
        pids = tuple(server.processes.pid(name) for name in ("asr", "gateway"))
        yield RunningPeer(server.where, pids)


@contextmanager
def theirs(peer: Peer, spot: Spot) -> Iterator[RunningPeer]:
    """A peer's server, as nice as ours is."""
    assert peer.command
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")}
    env |= {"HF_HOME": str(spot.home), "HF_HUB_OFFLINE": "1", "HOME": str(spot.home), **peer.env}
    log = spot.home / f"{peer.name}.log"
    with log.open("wb") as out:
        command = ["nice", "-n", str(NICE), *peer.command(spot)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=spot.home)
    try:
        _await_port(process, spot.port, log)
        where = Where("", f"http://127.0.0.1:{spot.port}", model=HUB_MODEL)
        yield RunningPeer(where, (process.pid,))
    finally:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_port(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    raise NotInstalled(f"it did not start: {lines[-1][:200] if lines else 'it said nothing'}")
