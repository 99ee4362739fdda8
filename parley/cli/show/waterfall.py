"""A trace as lines: which span in which process, when, and for how long. Pure; must not know where spans come from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

BAR = "█"
WIDTH = 40  # of the picture
MOST = 200  # spans; a stream of an hour has thousands of batches


@dataclass(frozen=True)
class Shown:
    """One span."""

    process: str
    name: str
    id: str
    parent: str
    start_ns: int
    end_ns: int


def rows(spans: Sequence[Shown]) -> list[tuple[str, str, str, str]]:
    """Process, name as deep as it lies, picture, and milliseconds; parents before their children, by time."""
    begin, end = min(span.start_ns for span in spans), max(span.end_ns for span in spans)
    ordered = list(_ordered(spans))[:MOST]
    return [
        (span.process, "  " * depth + span.name, _bar(span, begin, max(1, end - begin)), _milliseconds(span))
        for depth, span in ordered
    ]


def _ordered(spans: Sequence[Shown]) -> Iterator[tuple[int, Shown]]:
    """Depth first. Whose parent is not here, as the caller's own span, stands at the top."""
    here = {span.id for span in spans}
    children: dict[str, list[Shown]] = {}
    for span in sorted(spans, key=lambda span: span.start_ns):
        children.setdefault(span.parent if span.parent in here else "", []).append(span)
    yield from _below("", 0, children)


def _below(parent: str, depth: int, children: Mapping[str, Sequence[Shown]]) -> Iterator[tuple[int, Shown]]:
    for span in children.get(parent, ()):
        yield depth, span
        yield from _below(span.id, depth + 1, children)


def _bar(span: Shown, begin: int, whole: int) -> str:
    """Where in the whole it lies; a very short one is still seen."""
    first = min(WIDTH - 1, (span.start_ns - begin) * WIDTH // whole)
    length = max(1, round((span.end_ns - span.start_ns) * WIDTH / whole))
    return (" " * first + BAR * length)[:WIDTH].ljust(WIDTH)


def _milliseconds(span: Shown) -> str:
    return f"{(span.end_ns - span.start_ns) / 1e6:.1f} ms"
