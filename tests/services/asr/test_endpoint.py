import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from parley.audio import RATE_HZ, Samples
from services.asr.endpoint import EndpointConfig, Endpointer, Mark
from services.asr.vad import Level
from tests.sound import cut, noise, silence

CONFIG = EndpointConfig()
BLOCK = Level.block


def marks(sound: Samples, config: EndpointConfig = CONFIG, cuts: list[int] | None = None) -> list[Mark]:
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
    assert began.told / RATE_HZ == CONFIG.start_s
    assert ended.told / RATE_HZ == 1.0 + CONFIG.stop_s


def test_a_click_is_not_speech() -> None:
    """Less than start_s of sound starts nothing."""
    assert marks(np.concatenate([silence(0.5), noise(4 * BLOCK), silence(1.0)])) == []


def test_a_breath_is_not_an_end() -> None:
    """Less than stop_s of silence ends nothing."""
    sound = np.concatenate([noise(RATE_HZ), silence(0.4), noise(RATE_HZ)])
    assert seconds(marks(sound)) == [(True, 0.0), (False, 2.4)]


def test_nobody_speaks_for_ever() -> None:
    """An utterance is cut at longest_s, and the next one begins there."""
    found = marks(noise(3 * RATE_HZ), EndpointConfig(longest_s=1.0))
    assert next(mark.at for mark in found if not mark.began) == RATE_HZ
    assert all(b.at - a.at <= RATE_HZ for a, b in zip(found[::2], found[1::2], strict=True))


def test_disabled_means_no_end_on_silence() -> None:
    """With endpointing off a long silence ends nothing."""
    sound = np.concatenate([noise(RATE_HZ), silence(3.0), noise(RATE_HZ)])
    assert [mark.began for mark in marks(sound, EndpointConfig(disabled=True))] == [True, False]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12_000)), max_size=6), st.lists(st.integers(0, 50_000)))
def test_marks_do_not_hear_the_chunks(parts: list[tuple[bool, int]], cuts: list[int]) -> None:
    """Any chunking gives the same marks, beginnings and ends take turns, and time does not go back."""
    sound = np.concatenate([silence(0), *(noise(n) if loud else np.zeros(n, np.float32) for loud, n in parts)])
    found = marks(sound, cuts=cuts)
    assert found == marks(sound)
    assert [mark.began for mark in found] == [True, False] * (len(found) // 2)
    assert sorted(mark.at for mark in found) == [mark.at for mark in found]
    assert all(mark.at <= mark.told <= len(sound) for mark in found)
