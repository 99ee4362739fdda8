"""A stream that says up to where it is answered."""

from collections.abc import Iterable

import numpy as np
import pytest
from google.protobuf.message import Message

from parley.audio.pcm import RATE_HZ
from parley.errors import BadInput
from parley.serving.session import Flush
from parley.v1 import asr_pb2 as v1
from services.asr.utterance import Recognition
from tests.services.asr.streams.test_session import ENGINE, finals, seconds, session
from tests.services.play import of, play
from tests.sound import noise, pcm, silence


def answered(said: Iterable[Message]) -> list[float]:
    return [each.at.ToTimedelta().total_seconds() for each in of(v1.Answered, said)]


def test_who_asks_learns_up_to_where_all_is_answered() -> None:
    """After the final of each utterance its end is said; who does not ask is not told."""
    sound = pcm(np.concatenate((noise(RATE_HZ), silence(1), noise(RATE_HZ), silence(1))))
    said = play(session(report_answered=True), ENGINE, [sound])
    assert answered(said) == [seconds(each)[1] for each in finals(said)]
    assert answered(play(session(), ENGINE, [sound, Flush()])) == []


@pytest.mark.parametrize("loud", [True, False])
def test_a_flush_is_answered_after_its_final(loud: bool) -> None:
    """At the place of the flush, also where nobody spoke; each flush once."""
    half = pcm(noise(RATE_HZ) if loud else silence(1))
    said = play(session(report_answered=True), ENGINE, [half, Flush(), half, Flush(), Flush()])
    assert sorted(set(answered(said))) == [1.0, 2.0]
    assert [type(each) for each in said if isinstance(each, v1.Transcript | v1.Answered)][-1] is v1.Answered
    assert len(finals(said)) == (2 if loud else 0)


def test_a_flush_waits_for_the_engine() -> None:
    """Not before the final has come is it answered."""
    heard = session(report_answered=True)
    before = [*heard.feed(pcm(noise(RATE_HZ))), *heard.flush()]
    assert answered(before) == []
    job = heard.next_job()
    assert job is not None
    final, *after = heard.absorb(ENGINE.run([job])[0])
    assert isinstance(final, v1.Transcript)
    assert set(answered(after)) == {1.0}


def test_an_utterance_without_words_is_answered() -> None:
    """Who was told that somebody speaks learns that nothing was said."""
    heard = session(report_answered=True)
    said = [*heard.feed(pcm(np.concatenate((noise(RATE_HZ), silence(1)))))]
    job = heard.next_job()
    assert job is not None
    said += heard.absorb([Recognition(())])
    assert finals(said) == []
    assert len(answered(said)) == 1


def test_a_recording_has_no_flushes_to_answer() -> None:
    """It is answered at its end."""
    with pytest.raises(BadInput, match="leave `report_answered` or `recording` out"):
        session(recording=True, report_answered=True)
