"""One row of one peer: what is asked of it, and what is kept. Must not know a table."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from loadtest.bench.peers import sent
from loadtest.bench.peers.install import environment, lay_out
from loadtest.bench.peers.peer import FILES, LIVE, LONG, Peer, Spot
from loadtest.bench.peers.serving import RunningPeer, ours, theirs
from loadtest.bench.peers.spoken import Heard, climbed, crowd
from loadtest.clients.talk import stream_client_of
from loadtest.measured import clips
from loadtest.measured.clips import Clip
from loadtest.scenario import Scenario
from parley.cli.processes.ports import free_port

CALLERS, TTFS_PEOPLE, FLUSH_S = 4, 8, 0.2
PAUSE_S, LONG_PAUSE_S, LONG_S = 2.0, 0.7, 600.0
EVERY_S = 0.5  # how often memory is looked at


@dataclass(frozen=True)
class PeersSetup:
    """What all measurements share: folders, recordings, weights."""

    folder: Path  # for environments, caches, logs
    settings: Path  # Parley's
    weights: Path  # of the peers
    recordings: Path
    checkout: Path | None = None  # of speaches


def measure(peer: Peer, row: str, setup: PeersSetup) -> dict[str, Any]:
    """One row, on a new server: what it could not keep up with in one row must not cost the next."""
    spot = _spot(peer, setup)
    if not peer.command and peer.pins:
        way = "batched" if peer.name.endswith("batched") else "plain"
        return asdict(sent.library(way, spot, _sounds(row, setup), CALLERS if row == FILES else 1))
    with TemporaryDirectory(prefix="parley-peers-") as folder, _serving(peer, spot, Path(folder), setup) as running:
        return _row(peer, row, running, setup)


def _serving(peer: Peer, spot: Spot, folder: Path, setup: PeersSetup) -> AbstractContextManager[RunningPeer]:
    return theirs(peer, spot) if peer.command else ours(folder / "server", setup.settings)


def _spot(peer: Peer, setup: PeersSetup) -> Spot:
    python = environment(peer, setup.folder / "venvs", setup.checkout) if peer.pins else Path()
    home = setup.folder / "homes" / peer.name
    home.mkdir(parents=True, exist_ok=True)
    if peer.checkout:
        lay_out(setup.weights, home)
    return Spot(python, setup.weights, home, free_port())


def _sounds(row: str, setup: PeersSetup) -> list[Clip]:
    """Recordings as they are, or one of ten minutes made of them."""
    found = [each for each in clips.folder(setup.recordings) if each.text]
    return [long(found)] if row == LONG else found


def long(found: Sequence[Clip]) -> Clip:
    """Ten minutes of them, one after the other with pauses, again from the first where there are not enough."""
    once = sum(each.seconds + LONG_PAUSE_S for each in found)
    parts = [found[n % len(found)] for n in range(len(found) * (1 + int(LONG_S / once)))]
    fitting, seconds = [], 0.0
    for part in parts:
        seconds += part.seconds + LONG_PAUSE_S
        if seconds > LONG_S:
            break
        fitting.append(part)
    return clips.joined(fitting, LONG_PAUSE_S, "ten minutes")


def _row(peer: Peer, row: str, running: RunningPeer, setup: PeersSetup) -> dict[str, Any]:
    if row in (FILES, LONG):
        return asdict(uvloop.run(sent.rest(running.where, _sounds(row, setup), CALLERS if row == FILES else 1)))
    with _watched(running) as most:
        if row == LIVE:
            steps = climbed(lambda people: _spoken(peer, running, setup, people, None))
            return {"steps": [asdict(step) for step in steps], "rss_mb": max(most)}
        flush_s = FLUSH_S if peer.flushes else None
        return {**asdict(_spoken(peer, running, setup, TTFS_PEOPLE, flush_s)), "rss_mb": max(most)}


def _spoken(peer: Peer, running: RunningPeer, setup: PeersSetup, people: int, flush_s: float | None) -> Heard:
    scenario = Scenario(name=peer.name, api=peer.api, people=people, flush_s=flush_s)
    recordings = [each for each in clips.folder(setup.recordings, PAUSE_S) if each.text]
    if flush_s is not None:
        recordings = [clips.flushed(each, flush_s) for each in recordings]

    async def talked() -> Heard:
        client = stream_client_of(scenario, running.where)
        try:
            return await crowd(client, recordings, people)
        finally:
            await client.close()

    return uvloop.run(talked())


@contextmanager
def _watched(running: RunningPeer) -> Iterator[list[float]]:
    """The memory that the server holds, sampled regularly."""
    held, over = [running.rss_mb()], threading.Event()

    def look() -> None:
        while not over.wait(EVERY_S):
            held.append(running.rss_mb())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield held
    finally:
        over.set()
        watcher.join()
