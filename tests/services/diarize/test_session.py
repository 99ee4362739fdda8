from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ, Samples
from parley.errors import BadInput, BadModel
from parley.serving.session import Flush
from parley.v1 import diarize_pb2 as v1
from services.diarize.engine import Rows, WindowsJob, open_engine
from services.diarize.session import DiarizeSession
from services.diarize.stage import DiarizeServiceConfig, begin
from tests.fakes import spec_of
from tests.services.play import of, play
from tests.sound import cut, pcm, silence, tone

SPEC = spec_of("diarize", window_s=1.5, same=0.75, ward_height=0.7, outputs={"embedding": 32})
ECHO = open_engine(SPEC).model
SETTINGS = DiarizeServiceConfig(listen="", models=())
LOW, HIGH = 150.0, 3000.0
PARTS = st.lists(st.tuples(st.sampled_from([0.0, LOW, HIGH]), st.floats(0, 4, allow_subnormal=False)), max_size=4)
CUTS = st.lists(st.integers(0, 200_000), max_size=8)
PATIENCE = st.lists(st.integers(0, 2), min_size=1, max_size=4)


def session(**config: Any) -> DiarizeSession:
    return begin(v1.DiarizeConfig(**config), SPEC, SETTINGS)


def sound_of(parts: Sequence[tuple[float, float]]) -> Samples:
    return np.concatenate([silence(0), *(tone(hz, s) if hz else silence(s) for hz, s in parts)])


def turns(said: Sequence[Any]) -> list[v1.Turn]:
    return [turn for turn in of(v1.Turn, said) if not turn.is_open]


def spans(found: Sequence[v1.Turn]) -> list[tuple[str, float, float]]:
    times = [(t.interval.start.ToTimedelta(), t.interval.end.ToTimedelta()) for t in found]
    return [(t.speaker, a.total_seconds(), b.total_seconds()) for t, (a, b) in zip(found, times, strict=True)]


@given(PARTS, CUTS, PATIENCE, st.booleans())
def test_turns_do_not_hear_the_chunks(
    parts: list[tuple[float, float]], cuts: list[int], patience: list[int], is_open: bool
) -> None:
    """Any chunking and any speed of the engine give the same turns and the same second look."""
    data = pcm(sound_of(parts))
    whole = play(session(), ECHO, [data])
    pieces = play(session(open_turns=is_open), ECHO, cut(data, cuts, 2), patience)
    assert spans(turns(pieces)) == spans(turns(whole))
    assert of(v1.Revision, pieces) == of(v1.Revision, whole)


@given(PARTS)
def test_turns_lie_in_the_stream(parts: list[tuple[float, float]]) -> None:
    """Turns are in order, do not overlap, and none goes on after the stream has ended."""
    sound = sound_of(parts)
    edges = [edge for _, *span in spans(turns(play(session(), ECHO, [pcm(sound)]))) for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(sound) / RATE_HZ + 1e-6 for edge in edges)


def test_two_voices_take_turns() -> None:
    """Low, high, low: three turns, two speakers, changes about where they were."""
    said = play(session(), ECHO, [pcm(tone(LOW, 6), tone(HIGH, 6), tone(LOW, 6))])
    whole = of(v1.Revision, said)[-1]
    assert whole.is_whole
    first, *_, last = spans(whole.turns)
    assert first[0] == last[0] == "1"
    assert first[2] == pytest.approx(6, abs=0.8)
    assert "2" in {speaker for speaker, *_ in spans(whole.turns)}


@pytest.mark.parametrize("items", [[], [b""], [Flush()], [Flush(), b"", Flush()], [pcm(silence(5))]])
def test_where_nobody_speaks_there_is_no_turn(items: list[Any]) -> None:
    """`finish` and `flush` on an empty stream are legal, and silence is nobody."""
    assert play(session(), ECHO, items) == []


def test_less_than_a_window_is_heard() -> None:
    """A stream shorter than one window is still somebody's."""
    (turn,) = turns(play(session(), ECHO, [pcm(tone(LOW, 0.4))]))
    assert spans([turn]) == [("1", 0.0, 0.4)]


@given(PATIENCE)
def test_a_flush_ends_the_turn(patience: list[int]) -> None:
    """The same voice before and after a flush is two turns, however far the engine was; the second look keeps that."""
    half = pcm(tone(LOW, 3))
    said = play(session(), ECHO, [half, Flush(), half], patience)
    assert [turn.id for turn in turns(said)] == ["t1", "t2"]
    assert [turn.id for turn in of(v1.Revision, said)[-1].turns] == ["t1", "t2"]


def test_a_flush_before_the_end_is_one_turn() -> None:
    """A flush after the last sound does not make an empty turn."""
    said = play(session(), ECHO, [pcm(tone(LOW, 3)), Flush(), Flush()])
    assert len(turns(said)) == 1


@given(st.floats(0.1, 4, allow_subnormal=False), st.floats(0, 2, allow_subnormal=False))
def test_the_tail_is_somebodys(tail_s: float, before_s: float) -> None:
    """However little is spoken after the last window, it belongs to a turn, to the last sample."""
    sound = np.concatenate((tone(LOW, 2), silence(before_s), tone(LOW, tail_s)))
    last = spans(of(v1.Revision, play(session(), ECHO, [pcm(sound)]))[-1].turns)[-1]
    assert last[2] == pytest.approx(len(sound) / RATE_HZ, abs=1e-6)


def test_turns_leave_pauses_out() -> None:
    """Who pauses for a second has spoken twice, begun and ended within 60 ms; a breath of 0.2 s is no pause."""
    sound = pcm(tone(LOW, 2), silence(0.2), tone(LOW, 2), silence(1), tone(LOW, 1.5), silence(0.5))
    wanted = [("1", 0.0, 4.2), ("1", 5.2, 6.7)]
    said = play(session(), ECHO, [sound])
    for found in (turns(said), of(v1.Revision, said)[-1].turns):
        assert [speaker for speaker, *_ in spans(found)] == ["1", "1"]
        assert np.allclose([edges for _, *edges in spans(found)], [edges for _, *edges in wanted], atol=0.06)


def test_a_turn_is_told_when_silence_comes() -> None:
    """Not only when somebody else speaks: a listener should not wait for that."""
    opened = session()
    said = list(opened.feed(pcm(tone(LOW, 3), silence(2))))
    while (job := opened.next_job()) is not None:
        said += opened.absorb(ECHO.run([job])[0])
    assert len(turns(said)) == 1


def test_later_evidence_changes_earlier_turns() -> None:
    """A voice that was taken for two while little of it was known is one after the second look, which says so."""

    class Unsure:
        """Hears somebody else in the first window."""

        def run(self, jobs: Sequence[WindowsJob]) -> Sequence[Rows]:
            return [self._rows(len(job.windows)) for job in jobs]

        def _rows(self, count: int) -> Rows:
            first, self.heard = self.heard, self.heard + count
            return np.array([[0.6, 0.8] if n == 0 else [1, 0] for n in range(first, self.heard)], np.float32)

        heard = 0

    said = play(session(), Unsure(), [pcm(tone(LOW, 20))])
    revision, whole = of(v1.Revision, said)
    assert spans(turns(said)) == [("1", 0.0, 1.125), ("2", 0.0, 20.0)]
    assert (list(revision.turns), list(revision.withdrawn_ids), revision.is_whole) == ([], ["t1"], False)
    assert spans(whole.turns) == [("1", 0.0, 20.0)]


def test_the_second_look_is_told_whole() -> None:
    """The last revision has every turn that holds, and withdraws those that do not."""
    said = play(session(), ECHO, [pcm(tone(LOW, 3), silence(3), tone(HIGH, 3))])
    revision = of(v1.Revision, said)[-1]
    known = {turn.id for turn in turns(said)}
    assert {turn.id for turn in revision.turns} | set(revision.withdrawn_ids) >= known
    assert not {turn.id for turn in revision.turns} & set(revision.withdrawn_ids)
    assert said[-1] is revision


def test_a_known_voice_has_its_name() -> None:
    """An enrolled voice is told by name, one that is not by number, however long the enrolment."""
    enrolled = v1.Enrolment(name="Ada", audio=pcm(tone(HIGH, 30)))
    said = play(session(enrolments=[enrolled]), ECHO, [pcm(tone(LOW, 4), silence(2), tone(HIGH, 4))])
    assert [speaker for speaker, *_ in spans(turns(said))][0::2][:1] == ["1"]
    assert spans(turns(said))[-1][0] == "Ada"


def test_never_more_speakers_than_asked() -> None:
    """With max_speakers 1 everybody is one person."""
    said = play(session(max_speakers=1), ECHO, [pcm(tone(LOW, 4), tone(HIGH, 4))])
    assert {speaker for speaker, *_ in spans(turns(said))} == {"1"}


@pytest.mark.parametrize(("name", "seconds"), [("", 3.0), ("Ada", 1.0), ("Ada", 31.0)])
def test_a_poor_enrolment_is_refused(name: str, seconds: float) -> None:
    """A voice without a name, or too little or too much of it, is told what is needed."""
    with pytest.raises(BadInput, match="2 to 30 s"):
        session(enrolments=[v1.Enrolment(name=name, audio=pcm(tone(LOW, seconds)))])


def test_a_batch_gives_what_each_alone_gives() -> None:
    """Streams that share a run get their own rows back."""
    rng = np.random.default_rng(0)
    jobs = [WindowsJob(rng.normal(size=(count, 24_000)).astype(np.float32)) for count in (1, 3, 2)]
    together = ECHO.run(jobs)
    assert [len(rows) for rows in together] == [1, 3, 2]
    assert all(np.allclose(rows, ECHO.run([job])[0]) for rows, job in zip(together, jobs, strict=True))


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({}, r"lacks `options\.window_s`"),
        ({"window_s": 1.5, "ward_height": 1.0}, r"lacks `options\.same`"),
        ({"window_s": 1.5, "same": 0.5}, r"lacks `options\.ward_height`"),
        (
            {"window_s": 1.5, "hop_s": 2.0, "same": 0.5, "ward_height": 1.0},
            "`hop_s` must lie between 0 and `window_s`, 1.5",
        ),
    ],
)
def test_a_wrong_description_is_told(options: dict[str, Any], wrong: str) -> None:
    """Who writes a model.toml is told what is wrong with it, when the model is opened."""
    with pytest.raises(BadModel, match=wrong):
        open_engine(spec_of("diarize", outputs={"embedding": 32}, **options))
