"""A stream that says up to where it is answered in silence too, live or of a recording."""

from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ
from parley.v1 import asr_pb2 as v1
from tests.services.asr.streams import test_recording as recorded
from tests.services.asr.streams import test_session as live
from tests.services.play import of, play
from tests.sound import cut, noise, pcm, silence


def heard(items: list[Any], patience: list[int], **config: Any) -> list[Message]:
    module: Any = recorded if config.pop("recording") else live
    return play(module.session(**config), module.ENGINE, items, patience)


def until(event: Message) -> float:
    """Up to where it says that all is answered; of anything else, nowhere."""
    return float(event.at.ToTimedelta().total_seconds()) if isinstance(event, v1.Answered) else 0.0


@pytest.mark.parametrize("recording", [False, True])
@given(parts=live.PARTS, cuts=live.CUTS, patience=live.PATIENCE)
def test_nothing_is_said_of_what_was_answered(
    recording: bool, parts: list[tuple[bool, int]], cuts: list[int], patience: list[int]
) -> None:
    """However the sound is cut and the engine keeps up: each final begins behind; and the finals stay as they are."""
    data = cut(pcm(live.sound_of(parts)), cuts, 2)
    said = heard(data, patience, recording=recording, report_heard=True)
    answered = 0.0
    for event in said:
        assert until(event) == 0.0 or until(event) >= answered
        answered = max(answered, until(event))
        if isinstance(event, v1.Transcript) and event.is_final:
            assert live.seconds(event)[0] >= answered
    assert of(v1.Transcript, said) == of(v1.Transcript, heard(data, patience, recording=recording))


@pytest.mark.parametrize("recording", [False, True])
def test_silence_is_answered(recording: bool) -> None:
    """Before anybody speaks, and after; so nobody waits for words that will not come."""
    sound = np.concatenate((silence(4), noise(RATE_HZ), silence(4)))
    pieces = [pcm(sound[at : at + RATE_HZ // 10]) for at in range(0, len(sound), RATE_HZ // 10)]
    said = heard(pieces, [5], recording=recording, report_heard=True)
    first = next(n for n, each in enumerate(said) if isinstance(each, v1.SpeechStarted))
    assert max(map(until, said[:first])) > 2.5
    assert max(map(until, said)) > 7.5
    assert [each for each in heard(pieces, [5], recording=recording) if isinstance(each, v1.Answered)] == []


@given(st.lists(st.integers(1, 40_000), max_size=8))
def test_a_recording_says_it_once_a_second_at_most(lengths: list[int]) -> None:
    """Few messages, whatever the chunks."""
    said = heard([pcm(silence(n / RATE_HZ)) for n in lengths], [0], recording=True, report_heard=True)
    places = [until(each) for each in said]
    assert all(later - before >= 1.0 for before, later in zip([0.0, *places], places, strict=False))
