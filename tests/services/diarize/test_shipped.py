"""What every model that ships must do with two people."""

import pytest

from parley.audio.pcm import RATE_HZ
from parley.v1 import diarize_pb2 as v1
from tests.services.diarize.shipped import BASE, CHANGE_S, NANO, ONE, TWO, ShippedVoices

EACH = pytest.mark.parametrize("voices", [pytest.param(NANO, id="voice-nano"), pytest.param(BASE, id="voice-base")])


@EACH
def test_two_people_are_two(voices: ShippedVoices) -> None:
    """A woman, then a man: two speakers, who change where there is silence between them."""
    turns = voices.whole(TWO)
    assert len({speaker for speaker, *_ in turns}) == 2
    for speaker, start, end in turns:
        assert (end <= CHANGE_S[1]) if speaker == turns[0][0] else (start >= CHANGE_S[0])


@EACH
def test_one_person_is_one(voices: ShippedVoices) -> None:
    """Six seconds of one voice are one speaker."""
    assert len({speaker for speaker, *_ in voices.whole(ONE)}) == 1


@EACH
def test_a_known_voice_has_its_name(voices: ShippedVoices) -> None:
    """Four seconds of her are enough to know her, and not to take him for her."""
    ada = v1.Enrolment(name="Ada", audio=ONE[: 4 * 2 * RATE_HZ])
    assert list(dict.fromkeys(speaker for speaker, *_ in voices.whole(TWO, enrolments=[ada]))) == ["Ada", "1"]


@EACH
@pytest.mark.parametrize("chunk", [640, 50_000, 1 << 20])
def test_chunks_do_not_matter(voices: ShippedVoices, chunk: int) -> None:
    """However the sound arrives, the answer is the same."""
    assert voices.whole(TWO, chunk) == voices.whole(TWO)
