import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ
from services.diarize.pieces import Cutter, Piece, enrolment
from tests.sound import cut, noise, silence, tone

SIZE, HOP = 4800, 2400
LENGTHS = st.integers(0, 30_000)
CUTS = st.lists(st.integers(0, 30_000), max_size=6)


def spans(pieces: list[Piece]) -> list[tuple[int, int]]:
    return [span for piece in pieces for span in piece.speech]


@given(LENGTHS, CUTS, st.sets(st.integers(0, 6)))
def test_every_sample_is_answered_for_once(length: int, cuts: list[int], flushes: set[int]) -> None:
    """The speech of all pieces together is the stream, from the first sample to the last, wherever it is flushed."""
    cutter, sound, pieces = Cutter(SIZE, HOP), tone(300, 2)[:length], []
    for n, chunk in enumerate(cut(sound, cuts)):
        pieces += cutter.feed(chunk)
        pieces += cutter.flush() if n in flushes else []
    found = spans(pieces + cutter.finish())
    assert [end for _, end in found][:-1] == [start for start, _ in found][1:]
    assert (found[0][0], found[-1][1]) == (0, length) if length > 60 else len(found) <= 1


@given(LENGTHS, CUTS)
def test_windows_are_whole_and_in_place(length: int, cuts: list[int]) -> None:
    """Every window has its size, and is a piece of the stream around the speech that it answers for."""
    cutter, sound = Cutter(SIZE, HOP), noise(length)
    pieces = [piece for chunk in cut(sound, cuts) for piece in cutter.feed(chunk)] + cutter.finish()
    padded = sound if length >= SIZE else np.resize(sound, SIZE)
    starts = [n * HOP for n in range(len(pieces) - 1)] + [max(0, length - SIZE)] * bool(pieces)
    assert all(np.array_equal(p.samples, padded[at : at + SIZE]) for p, at in zip(pieces, starts, strict=True))


@given(CUTS)
def test_speech_does_not_hear_the_chunks(cuts: list[int]) -> None:
    """How loud is loud is known from what came before, not from what came with it in one chunk."""
    words = [np.concatenate((tone(300, 0.1, level), noise(1600, level / 20))) for level in (0.02, 0.3, 0.05, 0.9, 0.1)]
    sound = np.concatenate(words * 2)
    whole, pieces = Cutter(SIZE, HOP), Cutter(SIZE, HOP)
    found = [piece for chunk in cut(sound, cuts) for piece in pieces.feed(chunk)] + pieces.finish()
    assert spans(found) == spans(whole.feed(sound) + whole.finish())


def test_where_nobody_speaks_there_is_no_speech() -> None:
    """A silent piece comes all the same, and says so."""
    cutter = Cutter(SIZE, HOP)
    pieces = cutter.feed(np.concatenate((tone(300, 1), silence(2)))) + cutter.finish()
    assert spans(pieces)[-1][1] <= 1.1 * RATE_HZ
    assert pieces[-1].speech == []


def test_an_enrolment_is_cut_into_whole_windows() -> None:
    """Each is full of the voice, and none is left out for being short."""
    assert [len(piece.samples) for piece in enrolment("Ada", tone(300, 1), SIZE)] == [SIZE] * 3
    assert [len(piece.samples) for piece in enrolment("Ada", tone(300, 0.1), SIZE)] == [SIZE]
