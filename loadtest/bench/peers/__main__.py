"""`python -m loadtest.bench.peers [NAME ...]`: other speech servers beside Parley, written into docs/peers.md.

What was measured once is kept in build/peers/found.json, so that a run that was cut short goes on: --again forgets it.
"""

import argparse
import json
import math
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from loadtest.bench.peers.install import NotInstalled, environment
from loadtest.bench.peers.measure import PeersSetup, measure
from loadtest.bench.peers.peer import PEERS, ROWS, Peer, named
from loadtest.bench.peers.table import table, written
from loadtest.bench.stages.setup import BenchSetup
from loadtest.measured import clips
from loadtest.target import machine
from loadtest.target.processes import ROOT

BUILD, DOCUMENT = ROOT / "build/peers", ROOT / "docs/peers.md"
Found = dict[str, dict[str, dict[str, Any]]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peers", nargs="*", help=f"some of {', '.join(peer.name for peer in PEERS)}; none: all")
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of {','.join(ROWS)}")
    parser.add_argument("--again", action="store_true", help="measure what was measured before")
    parser.add_argument("--install", action="store_true", help="only make what is needed, and measure nothing")
    parser.add_argument("--minutes", type=float, default=12.0, help="no row begins after so many")
    parser.add_argument("--settings", type=Path, default=ROOT / "deploy/config")
    parser.add_argument("--weights", type=Path, help="a folder as faster-whisper reads it; else the shipped recogniser")
    parser.add_argument("--recordings", type=Path, default=clips.SPEECH, help="a folder with words.tsv")
    parser.add_argument("--speaches", type=Path, help="a checkout of speaches, which is no package")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="where the table is written")
    return parser.parse_args()


def _read(path: Path) -> Found:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _write(path: Path, found: Found) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def finite(value: Any) -> Any:
    """JSON knows no infinity: what never came is null."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def _installed(peer: Peer, setup: PeersSetup) -> str:
    """Why not, or nothing."""
    try:
        if peer.pins:
            environment(peer, setup.folder / "venvs", setup.checkout)
    except NotInstalled as error:
        return str(error)
    return ""


def missing_of(peer: Peer, rows: Sequence[str], found: Found, again: bool) -> list[str]:
    """The rows that are still to be measured; what failed is tried again."""
    known = {} if again else found.get(peer.name, {})
    return [row for row in rows if row in peer.rows and "missing" in known.get(row, {"missing": ""})]


def _measure(peer: Peer, row: str, setup: PeersSetup) -> dict[str, Any]:
    """What was found, or why nothing was: a peer that breaks must not cost the others their rows."""
    try:
        return {**finite(measure(peer, row, setup)), "when": time.strftime("%Y-%m-%d %H:%M")}
    except Exception as error:
        reason = str(error) if isinstance(error, NotInstalled) else f"{type(error).__name__}: {error}"
        return {"missing": reason}


def _about() -> str:
    facts = machine.facts()
    where = f"{facts['cores']} cores ({facts['cpu']}), load before {facts['load before']}"
    return f"On {where}, commit {machine.commit()}, {time.strftime('%Y-%m-%d %H:%M')}.\n\n"


def main() -> None:
    """Install, measure, write down."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # nobody we started may outlive us
    asked, console = _arguments(), Console()
    weights = asked.weights or BenchSetup(BUILD, asked.settings).weights("asr").folder
    setup = PeersSetup(BUILD, asked.settings, weights.resolve(), asked.recordings, asked.speaches)
    chosen, found, absent = named(asked.peers), _read(BUILD / "found.json"), set[str]()
    for peer in chosen:
        console.print(f"[dim]{peer.name}: its environment")
        if why := _installed(peer, setup):
            found[peer.name] = {row: {"missing": why} for row in peer.rows}
            absent.add(peer.name)
            console.print(f"[yellow]{peer.name}: {why}", markup=False)
    end, about = time.monotonic() + 60 * asked.minutes, _about()
    for peer in [] if asked.install else chosen:
        for row in missing_of(peer, asked.rows.split(","), found, asked.again):
            if peer.name not in absent and time.monotonic() < end:
                found.setdefault(peer.name, {})[row] = _measure(peer, row, setup)
                _write(BUILD / "found.json", found)
                console.print(f"[dim]{peer.name}, {row}: {json.dumps(found[peer.name][row])}", highlight=False)
    _write(BUILD / "found.json", found)
    text = about + table(PEERS, found)
    console.print(text, markup=False, highlight=False)
    if not asked.install:
        asked.document.write_text(written(asked.document.read_text("utf-8"), text), "utf-8")
        console.print(f"[dim]{asked.document}")


if __name__ == "__main__":
    main()
