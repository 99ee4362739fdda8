import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ
from services.asr.model.guards import TURNS, packs, quietest, without_loop
from tests.sound import noise, silence


def test_a_loop_is_said_once() -> None:
    """A decoder that turns in circles is cut back to its first turn."""
    assert without_loop(["so", *["thank", "you"] * 9]) == 3
    assert without_loop(["the"] * 40) == 1


def test_counting_is_no_loop() -> None:
    """People do repeat digits, and say a thing twice."""
    assert without_loop(["zero"] * (TURNS - 1)) == TURNS - 1
    assert without_loop(["no", "no", "no", "yes"] * 2) == 8


@given(st.lists(st.sampled_from("ab"), max_size=40))
def test_what_is_kept_is_the_beginning(words: list[str]) -> None:
    """At most repetitions go: what is left out was all said in what is kept."""
    kept = without_loop(words)
    assert 0 <= kept <= len(words)
    assert set(words[kept:]) <= set(words[:kept])


def test_repetition_packs_and_speech_does_not() -> None:
    """The measure tells a stuck decoder from plain English and from short answers."""
    assert packs("I want to go there. " * 10) > 2.4
    assert packs("The birch canoe slid on the smooth planks, and the sheet was glued to the dark blue background.") < 2
    assert packs("no no no no") == packs("") == 1.0


def test_a_sound_is_cut_where_it_is_quiet() -> None:
    """In the middle of a pause, unless that is so early or so late that nothing is gained."""
    pause = silence(0.4)
    sound = np.concatenate([noise(3 * RATE_HZ), pause, noise(2 * RATE_HZ)])
    assert 3 * RATE_HZ < quietest(sound) < 3 * RATE_HZ + len(pause)
    sound = np.concatenate([noise(RATE_HZ // 2), pause, noise(5 * RATE_HZ)])
    assert len(sound) // 4 <= quietest(sound) <= 3 * len(sound) // 4
