"""Gaps, and times on either side of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.calls.clock import MOST_FILLED_S, MOST_SKIPS, CallClock

PACKET, QUIET, MS = bytes(160), b"\xff", 1_000_000


def clock() -> CallClock:
    return CallClock(8000, QUIET, tolerance_ms=40)


def test_packets_that_follow_each_other_are_left_as_they_are() -> None:
    """Also where their times tremble, and where they have none."""
    here = clock()
    assert [here.filled(at_ms, PACKET) for at_ms in (5, 25, 44, 71, None)] == [PACKET] * 5
    assert here.call_ns(60 * MS) == 60 * MS


def test_a_lost_packet_is_silence() -> None:
    """As long as it was."""
    here = clock()
    here.filled(0, PACKET)
    assert here.filled(100, PACKET) == QUIET * 640 + PACKET
    assert here.now_ns == 120 * MS


def test_a_long_gap_costs_no_more_than_a_bounded_silence() -> None:
    """Times jump over what nobody was given to hear."""
    here = clock()
    here.filled(0, PACKET)
    filled = here.filled(3_600_000, PACKET)
    assert len(filled) == MOST_FILLED_S * 8000 + len(PACKET)
    heard_ns = here.lasts_ns(PACKET + filled)
    assert here.call_ns(heard_ns) == here.now_ns == 3_600_020 * MS
    assert here.call_ns(10 * MS) == 10 * MS


def test_silence_around_words_lies_on_their_side_of_a_gap() -> None:
    """An utterance begins a little before its first word, and ends a little after its last one."""
    here = clock()
    here.filled(0, PACKET)
    here.filled(60_000, PACKET)
    assert [here.call_ns(at * MS) / MS for at in (20, 1_000, 2_000, 3_020)] == [20, 1_000, 58_980, 60_000]


def test_sound_that_comes_too_soon_is_kept() -> None:
    """Times never go back, and the next gap makes up for it."""
    here = clock()
    assert here.filled(0, PACKET * 10) == PACKET * 10
    assert here.filled(0, PACKET) == PACKET
    assert here.filled(300, PACKET) == QUIET * 640 + PACKET


def test_what_is_remembered_is_bounded() -> None:
    """A call may have any number of long gaps."""
    here = clock()
    for n in range(MOST_SKIPS + 50):
        here.filled(10_000 * (n + 1), b"")
    assert len(here._at) == len(here._skipped) == MOST_SKIPS
    assert here.call_ns(here._heard * 125_000) == here.now_ns


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 50)), max_size=20))
def test_each_piece_lies_where_it_was_said(pieces: list[tuple[int, int]]) -> None:
    """Within the tolerance, however many gaps there were before it; what was handed on never exceeds the bound."""
    here, at_ms, handed, places = clock(), 0, 0, []
    for gap_ms, length in pieces:
        at_ms += gap_ms
        filled = here.filled(at_ms, bytes(8 * length))
        assert len(filled) <= MOST_FILLED_S * 8000 + 8 * length
        places.append((at_ms, handed + len(filled) - 8 * length))
        handed, at_ms = handed + len(filled), at_ms + length
    for said_ms, sample in places:
        assert here.call_ns(sample * 125_000) / MS == pytest.approx(said_ms, abs=40)
