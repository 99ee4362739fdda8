"""What was found of all peers, as a table for docs/peers.md. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loadtest.bench.peers.peer import FILES, LIVE, LONG, TTFS, Peer
from loadtest.bench.peers.spoken import HOLDS_MS

Found = Mapping[str, Mapping[str, Any]]  # row -> what was measured, or why not
BEGIN, END = "<!-- measured: make bench-peers -->", "<!-- end of what was measured -->"
NONE, NOT_ASKED = "not measured yet", ""


def held(steps: Sequence[Mapping[str, Any]]) -> int:
    """The most people who were all answered in time; no gap below them."""
    most = 0
    for step in steps:
        if step["p99_ms"] is None or step["p99_ms"] >= HOLDS_MS or step["share"] < 1.0:
            break
        most = int(step["people"])
    return most


def _live(found: Mapping[str, Any]) -> str:
    steps = found["steps"]
    more = "at least " if held(steps) == steps[-1]["people"] else ""
    return f"**{more}{held(steps)}**; " + "; ".join(
        f"{step['people']}: {_s(step['p50_ms'])} / {_s(step['p99_ms'])}" for step in steps
    )


def _words(step: Mapping[str, Any]) -> str:
    errors = f", {step['errors']} errors" if step["errors"] else ""
    return f"{step['wer']:.1%}, {step['share']:.0%} answered{errors}"


def _s(ms: float | None) -> str:
    return "none" if ms is None else f"{ms / 1000:.2f} s"


def _best(steps: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The most people who hold, or one."""
    return next((step for step in steps if step["people"] == held(steps)), steps[0])


LINES: Sequence[tuple[str, str, Callable[[Mapping[str, Any]], str]]] = (
    (f"live people, end of speech to final p99 < {HOLDS_MS / 1000:g} s; then p50 / p99 of each size", LIVE, _live),
    ("WER of those finals, at the most that hold", LIVE, lambda found: _words(_best(found["steps"]))),
    ("memory meanwhile, MB", LIVE, lambda found: f"{found['rss_mb']:.0f}"),
    (
        "time to the final segment, 8 people who flush 0.2 s after speech: median / p95",
        TTFS,
        lambda found: f"{_s(found['p50_ms'])} / {_s(found['p95_ms'])}",
    ),
    ("WER of those, and how many got any", TTFS, _words),
    ("short recordings, 4 callers: seconds of sound a second", FILES, lambda found: f"{found['speed']:.1f}"),
    ("WER of those", FILES, lambda found: f"{found['wer']:.1%}"),
    ("one recording of ten minutes: times real time", LONG, lambda found: f"{found['speed']:.1f}"),
    ("WER of that", LONG, lambda found: f"{found['wer']:.1%}"),
)


def table(peers: Sequence[Peer], found: Mapping[str, Found]) -> str:
    """A column a peer; a row a measure."""
    heads = ["", *(peer.name for peer in peers)]
    rows = [[what, *(_cell(peer, row, found.get(peer.name, {}), say) for peer in peers)] for what, row, say in LINES]
    lines = [heads, ["---"] * len(heads), *rows]
    notes = [f"- {peer.name}{_pins(peer)}: {peer.note}." for peer in peers if peer.note]
    reasons = [
        f"- {peer.name} was not measured: {why}." for peer in peers if (why := _missing(found.get(peer.name, {})))
    ]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", *notes, *reasons, ""])


def _cell(peer: Peer, row: str, found: Found, say: Callable[[Mapping[str, Any]], str]) -> str:
    if row not in peer.rows:
        return NOT_ASKED
    if row not in found:
        return NONE
    return "-" if "missing" in found[row] else say(found[row])


def _missing(found: Found) -> str:
    return next((str(each["missing"]).rstrip(".") for each in found.values() if "missing" in each), "")


def _pins(peer: Peer) -> str:
    """The version that is named like it."""
    pins = [pin for pins in peer.pins for pin in pins if pin.startswith(f"{peer.name.removesuffix('-batched')}==")]
    return f" {pins[0].partition('==')[2]}" if pins else ""


def written(document: str, table: str) -> str:
    """The document with the new table in the old one's place."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The document must have {BEGIN} and {END} around the table.")
    return f"{before}{BEGIN}\n{table}{END}{after}"
