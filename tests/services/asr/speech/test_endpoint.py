from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ, Samples
from services.asr.speech.endpoint import EndpointConfig, Endpointer, Mark
from services.asr.speech.vad import Level
from tests.sound import cut, noise, silence

CONFIG = EndpointConfig()
BLOCK = Level.block


def marks(sound: Samples, config: EndpointConfig = CONFIG, cuts: list[int] | None = None) -> list[Mark]:
    """Of the first utterance."""
    endpointer = Endpointer(config, Level(config.level_db))
    return [mark for piece in cut(sound, cuts or []) for mark in endpointer.feed(piece)] + endpointer.end()


def seconds(found: list[Mark]) -> list[tuple[bool, float]]:
    return [(mark.began, mark.at / RATE_HZ) for mark in found]


def test_speech_has_a_beginning_and_an_end() -> None:
    """A second of sound between silences is one utterance, marked where the sound is."""
    sound = np.concatenate([silence(0.5), noise(RATE_HZ), silence(1.0)])
    assert seconds(marks(sound)) == [(True, 0.5), (False, 1.5)]


def test_an_end_is_told_after_the_silence() -> None:
    """The end is known stop_s after it was, and not later."""
    began, ended = marks(np.concatenate([noise(RATE_HZ), silence(2.0)]))
    assert began.known_at / RATE_HZ == pytest.approx(CONFIG.start_s)
    assert ended.known_at / RATE_HZ == 1.0 + CONFIG.stop_s


def test_a_click_is_not_speech() -> None:
    """Less than start_s of sound starts nothing."""
    assert marks(np.concatenate([silence(0.5), noise(2 * BLOCK), silence(1.0)])) == []


def test_a_breath_is_not_an_end() -> None:
    """Less than stop_s of silence ends nothing."""
    sound = np.concatenate([noise(RATE_HZ), silence(0.4), noise(RATE_HZ)])
    assert seconds(marks(sound)) == [(True, 0.0), (False, 2.4)]


def test_nobody_speaks_for_ever() -> None:
    """An utterance is cut at longest_s."""
    began, ended = marks(noise(3 * RATE_HZ), EndpointConfig(longest_s=1.0))
    assert (began.at, ended.at, ended.is_cut) == (0, RATE_HZ, True)


def test_an_utterance_is_heard_and_no_more() -> None:
    """Behind its end nothing is looked at, and where it stands in the stream changes nothing but its times."""
    sound = np.concatenate([silence(0.5), noise(RATE_HZ), silence(1.0), noise(RATE_HZ), silence(1.0)])
    assert seconds(marks(sound)) == [(True, 0.5), (False, 1.5)]
    later = Endpointer(CONFIG, Level(CONFIG.level_db), 3 * RATE_HZ)
    assert seconds(later.feed(sound)) == [(True, 3.5), (False, 4.5)]


def test_disabled_means_no_end_on_silence() -> None:
    """With endpointing off a long silence ends nothing."""
    sound = np.concatenate([noise(RATE_HZ), silence(3.0), noise(RATE_HZ)])
    assert [mark.began for mark in marks(sound, EndpointConfig(disabled=True))] == [True, False]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12_000)), max_size=6), st.lists(st.integers(0, 50_000)))
def test_marks_do_not_hear_the_chunks(parts: list[tuple[bool, int]], cuts: list[int]) -> None:
    """Any chunking gives the same marks, a beginning first, and time does not go back."""
    sound = np.concatenate([silence(0), *(noise(n) if loud else np.zeros(n, np.float32) for loud, n in parts)])
    found = marks(sound, cuts=cuts)
    assert found == marks(sound)
    assert [mark.began for mark in found] == [True, False][: len(found)]
    assert sorted(mark.at for mark in found) == [mark.at for mark in found]
    assert all(mark.at <= mark.known_at <= len(sound) for mark in found)


class Unsure:
    """A detector that finds speech as likely as each block's first sample says."""

    block = 100

    def probabilities(self, blocks: Samples) -> list[float]:
        heard: list[float] = blocks[:, 0].tolist()
        return heard


def unsure(*chances: float) -> Samples:
    return np.repeat(np.array(chances, np.float32), Unsure.block)


@given(st.lists(st.integers(0, 64).map(lambda n: n / 64), max_size=300))
def test_a_long_breath_is_cut_where_speech_is_least_likely(chances: list[float]) -> None:
    """A cut lies in the last third of what is allowed, at its least likely block."""
    config = EndpointConfig(start_s=0.0, stop_s=10.0, longest_s=0.1875)  # thirty blocks
    for began, ended in pairwise(Endpointer(config, Unsure()).feed(unsure(*chances))):
        assert ended.is_cut
        late = chances[ended.known_at // 100 - 10 : ended.known_at // 100]
        assert chances[ended.at // 100 - 1] == min(late)
        assert ended.at - began.at <= 3000


def test_speech_must_be_likelier_to_begin_than_to_go_on() -> None:
    """Between the two thresholds nothing begins and nothing ends."""
    config = EndpointConfig(start_s=0.0, stop_s=0.02, speech=0.6, silence=0.3)
    detector = Endpointer(config, Unsure())
    assert detector.feed(unsure(*[0.5] * 20)) == []
    assert [mark.began for mark in detector.feed(unsure(0.7, *[0.5] * 20))] == [True]
    assert [mark.began for mark in detector.feed(unsure(*[0.1] * 4))] == [False]
