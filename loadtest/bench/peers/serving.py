"""One peer, started and ended, and what it holds in memory. Must not know what is measured on it."""

import os
import socket
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
from parley.cli.processes.launcher import Command, Processes

START_S, END_S = 120.0, 10.0
POLL_S = 0.2  # between two looks at its port: it tells nobody that it is ready


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
    command = ["nice", "-n", str(NICE), *peer.command(spot)]
    log = spot.home / f"{peer.name}.log"
    log.unlink(missing_ok=True)  # of an earlier run
    with Processes(stop_timeout_s=END_S) as processes:
        processes.launch(Command(peer.name, command, spot.home, log, env))
        _await_port(processes, peer.name, spot.port, log)
        where = Where("", f"http://127.0.0.1:{spot.port}", model=HUB_MODEL)
        yield RunningPeer(where, (processes.pid(peer.name),))


def _await_port(processes: Processes, name: str, port: int, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and not processes.has_ended(name):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(POLL_S)
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    raise NotInstalled(f"it did not start: {lines[-1][:200] if lines else 'its log is empty'}")
