from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ, Samples
from parley.errors import BadConfig
from services.asr.speech.endpoint import AFTER, BEFORE
from services.asr.speech.vad import Level
from services.asr.speech.windows import STRETCHED, Window, WindowConfig, Windower
from tests.sound import cut, noise, silence

CONFIG = WindowConfig(longest_s=6.0, gap_s=1.5)
S = RATE_HZ


def windows(sound: Samples, config: WindowConfig = CONFIG, cuts: list[int] | None = None) -> list[Window]:
    """All of a recording's, each heard by a windower of its own."""
    found: list[Window] = []
    start = 0
    while start < len(sound):
        windower = Windower(config, Level(-45.0), start)
        pieces = cut(sound[start:], cuts or [])
        window = next(filter(None, map(windower.feed, pieces)), None) or windower.end(len(sound))
        if window is None:
            break
        found.append(window)
        start = window.end
    return found


def heard(window: Window) -> int:
    return sum(end - start for start, end in window.parts)


def talk(*seconds: float) -> Samples:
    """Sound and silence in turns."""
    return np.concatenate([noise(round(s * S), seed=n) if n % 2 == 0 else silence(s) for n, s in enumerate(seconds)])


def test_breaths_do_not_end_a_window() -> None:
    """What is said with short pauses in it is one window, and it knows its pauses."""
    (window,) = windows(talk(1, 0.6, 1, 0.8, 1))
    assert (window.start, window.end) == (0, round(4.4 * S))
    assert [(pause.start / S, pause.end / S) for pause in window.pauses] == [(1.0, 1.6), (2.6, 3.4)]


def test_a_long_silence_is_in_no_window() -> None:
    """Nothing is gained by hearing it; a margin stays around speech."""
    one, other = windows(talk(1, 3, 1))
    assert one.end == S + AFTER
    assert (one.speech, one.silence) == (0, S)
    assert (other.start, other.speech) == (4 * S - BEFORE, 4 * S)


@pytest.mark.parametrize(("spoken", "count"), [(1.0, 1), (2.5, 2)])
def test_a_few_words_alone_are_not_a_window(spoken: float, count: int) -> None:
    """With little speech before it a silence must be twice as long to end a window: what follows helps to hear them."""
    assert len(windows(talk(spoken, 2, 2.5))) == count


def test_of_a_long_pause_only_the_margins_are_heard() -> None:
    """What is left out does not make the window longer, and a place in what is heard is known in the recording."""
    (window,) = windows(talk(2, 1.4, 1.5, 0.5, 1))
    assert window.parts == [(0, 2 * S + AFTER), (round(3.4 * S) - BEFORE, round(6.4 * S))]
    assert heard(window) == round(5.6 * S)
    assert [window.place(n) for n in (0, S, 2 * S + AFTER + 1, heard(window))] == [0, S, 3 * S + 1, window.end]


def test_the_longest_pause_is_the_place_to_cut() -> None:
    """Where speech goes on for longer than a window, it is cut in its longest pause, not at its end."""
    first, second = windows(talk(2.5, 0.3, 1, 0.9, 1, 0.2, 2))
    assert first.silence == round(3.8 * S)
    assert first.end <= second.start
    assert second.speech == pytest.approx(4.7 * S, abs=Level.block)


def test_an_early_pause_is_no_place_to_cut() -> None:
    """However long it is: the window would be too short to be worth it."""
    (first, *_) = windows(talk(0.5, 1.2, 2, 0.3, 4))
    assert first.silence == round(3.7 * S)


def test_of_pauses_alike_the_latest_is_taken() -> None:
    """Windows are as long as they can be."""
    (first, *_) = windows(talk(2.5, 0.5, 1, 0.45, 3))
    assert first.silence == round(4.0 * S)


def test_nobody_breathes() -> None:
    """A monologue without a pause is cut all the same, no window is too long, and no sample is left out."""
    found = windows(noise(40 * S))
    assert all(0 < window.end - window.start <= CONFIG.longest_s * S for window in found)
    assert [before.end for before in found[:-1]] == [after.start for after in found[1:]]
    assert (found[0].start, found[-1].end) == (0, 40 * S)


def test_silence_gives_nothing() -> None:
    """Nor does a click."""
    assert windows(silence(20)) == []
    assert windows(np.concatenate([silence(1), noise(2 * Level.block), silence(1)])) == []


PARTS = st.lists(st.tuples(st.booleans(), st.integers(0, 40_000)), max_size=8)


@given(PARTS, st.lists(st.integers(0, 90_000), max_size=6))
def test_windows_do_not_hear_the_chunks(parts: list[tuple[bool, int]], cuts: list[int]) -> None:
    """Any chunking gives the same windows: in order, apart, none too long, their pauses inside."""
    sound = np.concatenate([silence(0), *(noise(n) if loud else silence(n / S) for loud, n in parts)])
    found = windows(sound)
    assert windows(sound, cuts=cuts) == found
    assert all(before.end <= after.start for before, after in pairwise(found))
    for window in found:
        assert 0 <= window.start <= window.speech < window.silence <= window.end <= len(sound)
        assert heard(window) <= CONFIG.longest_s * S
        assert window.end - window.start <= STRETCHED * CONFIG.longest_s * S
        assert all(window.speech < pause.start < pause.end < window.silence for pause in window.pauses)


@pytest.mark.parametrize("longest_s", [0.5, 31.0])
def test_no_window_is_longer_than_a_model_can_hear(longest_s: float) -> None:
    """The configuration is refused in words."""
    with pytest.raises(BadConfig, match=r"1 to 30 seconds"):
        WindowConfig(longest_s=longest_s)
