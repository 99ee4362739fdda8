import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ, Samples
from services.diarize.activity import FRAME, Activity, Stretches
from tests.sound import cut, noise, silence, tone

NEAR = 3 * FRAME


def speech(sound: Samples, cuts: list[int] | None = None) -> Stretches:
    """The speech in all of a sound."""
    activity = Activity()
    for piece in cut(sound, cuts or []):
        activity.feed(piece)
    activity.finish()
    return activity.speech(0, len(sound))


def spoken(hiss: float) -> Samples:
    """A word from 1 to 2 s and one from 3 to 3.5 s, in hiss."""
    words = np.concatenate((silence(1), tone(300, 1), silence(1), tone(300, 0.5), silence(1)))
    return words + noise(len(words), hiss)


@pytest.mark.parametrize("hiss", [0.0, 0.0005, 0.01, 0.05])
@pytest.mark.parametrize("gain", [0.1, 1.0, 3.0])
def test_words_are_found_at_any_level(hiss: float, gain: float) -> None:
    """Loud or quiet, in silence or in hiss: two words, begun and ended within 60 ms."""
    found = speech(np.float32(gain) * spoken(hiss))
    assert len(found) == 2
    edges = np.array(found) / RATE_HZ
    assert np.abs(edges - [(1.0, 2.0), (3.0, 3.5)]).max() <= 0.06


@given(st.lists(st.integers(0, 80_000), max_size=8))
def test_chunks_do_not_matter(cuts: list[int]) -> None:
    """However the sound arrives, the speech is the same."""
    assert speech(spoken(0.01), cuts) == speech(spoken(0.01))


def test_quiet_noise_is_nobody() -> None:
    """What lies below -50 dB is not speech, though there is nothing louder; words as quiet are."""
    assert speech(noise(5 * RATE_HZ, 0.003)) == []
    assert len(speech(np.float32(0.01) * spoken(0.001))) == 2


def test_one_long_sound_is_speech() -> None:
    """A voice that never breathes is one stretch, to the last sample."""
    sound = tone(300, 3.017)
    assert speech(sound) == [(0, len(sound))]


def test_a_long_silence_does_not_make_hiss_speech() -> None:
    """Who speaks two seconds in two minutes is heard, and the hiss of the room is still nobody."""
    sound = noise(120 * RATE_HZ, 0.02)
    sound[10 * RATE_HZ : 12 * RATE_HZ] += tone(300, 2)
    (found,) = speech(sound)
    assert abs(found[0] - 10 * RATE_HZ) <= NEAR
    assert abs(found[1] - 12 * RATE_HZ) <= NEAR
