from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ, Format, PcmDecoder
from parley.serving.session import Flush
from parley.v1 import diarize_pb2 as v1
from parley.v1.audio_pb2 import AudioFormat
from services.diarize.clustering import ClusterConfig, Voices
from services.diarize.engine import Active, Rows, SegmentJob, WindowsJob
from services.diarize.segments import FIELD, STEP, TICK, Segment, Segments, joined, overlap, pieces, silent_to
from services.diarize.session import DiarizeSession
from services.diarize.turns import PAUSE
from tests.services.play import of, paced, play
from tests.sound import cut, pcm, silence, tone

LOW, HIGH = 200.0, 3000.0
SIZE, HOP, DELAY, WINDOW = 160_000, 32_000, 16_000, 24_000
CHUNK = 3_200  # bytes, 0.1 s
CUTS = st.lists(st.integers(0, 400_000), max_size=8)
PATIENCE = st.lists(st.integers(0, 2), min_size=1, max_size=4)


class Bands:
    """Segments by who is heard below and above a kilohertz, and embeds by the same: a net that is never wrong."""

    def run(self, jobs: Sequence[WindowsJob | SegmentJob]) -> Sequence[Rows | Active]:
        return [self._active(j.samples) if isinstance(j, SegmentJob) else self._rows(j.windows) for j in jobs]

    def _active(self, samples: Any) -> Active:
        starts = range(0, len(samples) - FIELD + 1, STEP)
        frames = np.stack([samples[(FIELD - STEP) // 2 + at :][:STEP] for at in starts])
        bands = self._rows(frames, floor=1.0)
        return np.concatenate([bands > 1.0, np.zeros((len(bands), 1), bool)], 1)

    def _rows(self, windows: Rows, floor: float = 0.0) -> Rows:
        spectra = np.abs(np.fft.rfft(windows * np.hanning(windows.shape[1]), axis=1))
        middle = round(1000 * windows.shape[1] / RATE_HZ)
        return np.stack([spectra[:, :middle].max(1), spectra[:, middle:].max(1)], 1).astype(np.float32)


def session() -> DiarizeSession:
    voices = Voices(ClusterConfig(same=0.6, ward_height=1.0))
    return DiarizeSession(PcmDecoder(Format.of(AudioFormat())), Segments(SIZE, HOP, DELAY, WINDOW), voices)


def both(seconds: float) -> Any:
    return tone(LOW, seconds) + tone(HIGH, seconds)


def told(*parts: Any) -> list[tuple[float, float]]:
    """Of each turn its end, and how much of the stream had come when it was told, in seconds."""
    said = paced(session(), Bands(), pcm(*parts), CHUNK)
    ended = [(turn, heard) for heard, turn in said if isinstance(turn, v1.Turn)]
    return [(turn.interval.end.ToTimedelta().total_seconds(), heard / 2 / RATE_HZ) for turn, heard in ended]


def spans(turns: Sequence[v1.Turn]) -> list[tuple[str, float, float]]:
    times = [(t.interval.start.ToTimedelta(), t.interval.end.ToTimedelta()) for t in turns]
    return [(t.speaker, a.total_seconds(), b.total_seconds()) for t, (a, b) in zip(turns, times, strict=True)]


def test_who_speaks_at_once_is_told_at_once() -> None:
    """Two turns overlap where two people do, and each is whole."""
    said = play(session(), Bands(), cut(pcm(tone(LOW, 5), both(2), tone(HIGH, 5), silence(3)), range(0, 800_000, 6400)))
    (one, start, end), (other, begin, last) = spans(of(v1.Revision, said)[-1].turns)
    assert (one, other) == ("1", "2")
    assert np.allclose([start, end, begin, last], [0, 7, 5, 12], atol=0.1)


def test_the_louder_does_not_hide_the_other() -> None:
    """Who only says something while somebody else speaks is somebody, as long as anything is heard of it alone."""
    said = play(session(), Bands(), [pcm(tone(LOW, 4), both(1), tone(LOW, 3), silence(1), tone(HIGH, 3))])
    whole = spans(of(v1.Revision, said)[-1].turns)
    assert [speaker for speaker, *_ in whole] == ["1", "2", "2"]
    assert whole[1][1:] == pytest.approx((4, 5), abs=0.1)


@given(CUTS, PATIENCE)
def test_segments_do_not_hear_the_chunks(cuts: list[int], patience: list[int]) -> None:
    """Any chunking and any speed of the engine give the same turns and revisions."""
    data = pcm(tone(LOW, 3), both(1), tone(HIGH, 2), silence(2), tone(LOW, 2))
    whole = play(session(), Bands(), [data])
    assert play(session(), Bands(), cut(data, cuts, 2), patience) == whole


@given(PATIENCE)
def test_a_flush_ends_the_turn(patience: list[int]) -> None:
    """The same voice before and after a flush is two turns, however far the engine was."""
    half = pcm(tone(LOW, 3))
    said = play(session(), Bands(), [half, Flush(), half], patience)
    assert [turn.id for turn in of(v1.Revision, said)[-1].turns] == ["t1", "t2"]


@pytest.mark.parametrize("items", [[], [b""], [Flush()], [pcm(silence(5))], [pcm(silence(0.01))]])
def test_where_nobody_speaks_there_is_no_turn(items: list[Any]) -> None:
    """`finish` and `flush` on an empty stream are legal, and silence is nobody."""
    assert play(session(), Bands(), items) == []


def test_silence_is_not_shown_to_the_net() -> None:
    """A stretch without speech costs no run."""
    cutter = Segments(SIZE, HOP, DELAY, WINDOW)
    found = cutter.feed(silence(20))
    assert found
    assert all(segment.speech == [] for segment in found)


def test_what_is_said_is_answered_for_when_it_is_over() -> None:
    """Soon after somebody has stopped all of it is; while somebody goes on, three seconds later at the most."""
    cutter = Segments(SIZE, HOP, DELAY, WINDOW)
    spoken = cutter.feed(tone(LOW, 6))
    assert spoken[-1].last >= 3 * RATE_HZ
    paused = [segment for segment in cutter.feed(silence(0.9)) if segment.speech]
    assert paused[-1].last >= 6 * RATE_HZ


@settings(max_examples=20)
@given(st.integers(10, 45), st.integers(5, 9))
def test_a_pause_is_not_overlooked(before: int, pause: int) -> None:
    """Where somebody has gone on before the next look, it is told within the hop, the delay, a breath and one look."""
    found = told(tone(LOW, before / 10), silence(pause / 10), tone(LOW, 3))
    end, heard = found[0]
    assert end == pytest.approx(before / 10, abs=0.06)
    assert heard - end <= (HOP + DELAY + PAUSE + TICK) / RATE_HZ


@settings(max_examples=20)
@given(st.integers(10, 45))
def test_a_turn_ends_when_somebody_else_begins(before: int) -> None:
    """Without a pause it is told within the hop, the delay, a breath and one look."""
    end, heard = told(tone(LOW, before / 10), tone(HIGH, 5))[0]
    assert end == pytest.approx(before / 10, abs=0.06)
    assert heard - end <= (HOP + DELAY + PAUSE + TICK) / RATE_HZ


@pytest.mark.parametrize(
    ("again", "level", "found"),
    [
        (250, [(32_000, 80_000)], 67_860),  # until the net hears somebody again
        (250, [(32_000, 40_500), (75_000, 80_000)], 75_000),  # and the level does
        (370, [(32_000, 80_000)], 80_000),  # to the end of what was shown
    ],
)
def test_silence_is_known_beyond_what_is_answered_for(again: int, level: Any, found: int) -> None:
    """A turn is over when nobody speaks in the sound that was shown, also where the segment does not answer yet."""
    active = np.zeros((370, 3), bool)
    active[:148, 0] = active[again:, 1] = True
    segment = Segment(np.zeros(80_000, np.float32), 0, 80_000, 32_000, 48_000, level)
    assert silent_to(segment, active) == pytest.approx(found, abs=STEP)


@given(st.lists(st.integers(0, 60_000), max_size=12))
def test_segments_answer_for_everything_once(sizes: list[int]) -> None:
    """Part after part, without a gap, up to the end; and little of the stream is kept."""
    cutter, sound = Segments(SIZE, HOP, DELAY, WINDOW), tone(LOW, 1)
    found = [each for size in sizes for each in cutter.feed(np.resize(sound, size))] + cutter.finish()
    edges = [edge for each in found for edge in (each.first, each.last)]
    assert edges[::2] == [0, *edges[1:-1:2]][: len(found)]
    assert sum(each.last - each.first for each in found) == sum(sizes)
    assert all(each.start <= each.first and len(each.samples) <= SIZE for each in found)


def test_an_embedding_hears_one_person() -> None:
    """The window of each is made of what each says alone, near by; what is said at once is in neither."""
    frames = 370
    edges = (FIELD - STEP) // 2 + STEP * np.arange(frames + 1)
    active = np.zeros((frames, 3), bool)
    active[:200, 0] = active[150:, 1] = True
    samples = np.zeros(100_000, np.float32)
    samples[: edges[150]], samples[edges[150] : edges[200]], samples[edges[200] :] = 1, 2, 3
    found = pieces(Segment(samples, 0, 100_000, 42_000, 54_000, [(42_000, 54_000)]), active, WINDOW)
    assert [set(piece.samples.tolist()) for piece in found] == [{1.0}, {3.0}]
    assert [piece.speech for piece in found] == [[(42_000, 54_000)], [(42_000, 54_000)]]
    assert found[0].company == found[1].company != 0
    assert all(len(piece.samples) == WINDOW for piece in found)


def test_a_short_answer_is_embedded_by_itself() -> None:
    """The segmentation takes similar voices for one: what it calls the same person a second before is left out."""
    edges = (FIELD - STEP) // 2 + STEP * np.arange(371)
    active = np.zeros((370, 3), bool)
    active[:140, 0] = active[200:230, 0] = True
    samples = np.ones(100_000, np.float32)
    samples[edges[170] :] = 2
    answer = (int(edges[200]), int(edges[230]))
    (piece,) = pieces(Segment(samples, 0, 100_000, *answer, [answer]), active, WINDOW)
    assert set(piece.samples.tolist()) == {2.0}


def test_pauses_by_level_are_cut_out() -> None:
    """A pause that the level shows is no speech, a breath is; at the edges as well."""
    assert joined([(0, 2_000), (5_000, 8_000), (20_000, 30_000)], 0, 40_000) == [(0, 8_000), (20_000, 30_000)]
    assert joined([], 0, 40_000) == []
    assert overlap([(0, 10), (20, 30)], [(5, 25)]) == [(5, 10), (20, 25)]
