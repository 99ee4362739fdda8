"""Spans as lines."""

from hypothesis import given
from hypothesis import strategies as st

from parley.cli.show.waterfall import BAR, MOST, WIDTH, Shown, rows

MS = 1_000_000


def test_children_stand_below_their_parents_by_time() -> None:
    """As deep as they lie, each where it was in the whole."""
    call = Shown("gateway", "call", "a", "client", 0, 100 * MS)
    later, sooner = Shown("asr", "engine", "c", "b", 50 * MS, 100 * MS), Shown("asr", "queue", "b", "a", 0, 50 * MS)
    found = rows([later, sooner, call])
    assert [(process, name, time) for process, name, _, time in found] == [
        ("gateway", "call", "100.0 ms"),
        ("asr", "  queue", "50.0 ms"),
        ("asr", "    engine", "50.0 ms"),
    ]
    half = WIDTH // 2
    assert [bar for _, _, bar, _ in found] == [
        BAR * WIDTH,
        BAR * half + " " * half,
        " " * half + BAR * half,
    ]


spans = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 10**12), st.integers(0, 10**12)), min_size=1, max_size=2 * MOST
)


@given(spans)
def test_every_span_is_seen_once(drawn: list[tuple[int, int, int]]) -> None:
    """Up to the most that are shown; each has a bar, and none is wider than the picture."""
    # A parent is an earlier span, or one that is not here.
    trace = [
        Shown("p", str(n), str(n), str(min(parent, n - 1)), start, start + length)
        for n, (parent, start, length) in enumerate(drawn)
    ]
    found = rows(trace)
    assert sorted(name.strip() for _, name, _, _ in found[:MOST]) == sorted({name.strip() for _, name, _, _ in found})
    assert len(found) == min(MOST, len(trace))
    assert all(BAR in bar and len(bar) == WIDTH for _, _, bar, _ in found)
