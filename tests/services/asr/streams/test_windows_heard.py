"""What the engine does for a recording's windows, and not for those who speak live."""

import numpy as np
import numpy.typing as npt

from parley.audio.pcm import RATE_HZ
from parley.engines.protocols import Alignment, Generated, Rank, Tokens
from services.asr.utterance import PendingJob, Utterance
from tests.services.asr.model.test_engine import STUCK, engine, heard, run, says
from tests.sound import noise


def stuck_when_long(source: npt.NDArray[np.float32], prompt: Tokens) -> Generated:
    """Turns in circles where it hears more than three seconds."""
    rows = int((np.abs(source).max(1) > 0).sum())
    return Generated(STUCK if rows > 6 else [f" {rows}"], -0.1, alignment=Alignment([0, rows], [0.5]))


def test_a_doubted_window_is_heard_in_halves() -> None:
    """As often as it takes; the words stay where they were said, and whoever speaks live does not wait for that."""
    recorded = Utterance(noise(10 * RATE_HZ), times=True, is_recording=True)
    told = heard(stuck_when_long, recorded)
    assert [word.text for word in told.words] != STUCK[:1]
    starts = [word.start for word in told.words]
    assert len(starts) >= 4
    assert starts == sorted(set(starts))
    assert heard(stuck_when_long, Utterance(noise(10 * RATE_HZ), times=True)).text == "no"


def test_an_unlikely_window_stays_whole_unless_its_halves_are_likelier() -> None:
    """Halves know less, so they must be worth it."""
    recorded = Utterance(noise(10 * RATE_HZ), is_recording=True)
    assert heard(says(" yes", score=-3.0), recorded).text == "yes"

    def likelier(source: npt.NDArray[np.float32], prompt: Tokens) -> Generated:
        return Generated([" yes"], -5.0 if int((np.abs(source).max(1) > 0).sum()) > 16 else -0.2)

    assert heard(likelier, recorded).text == "yes yes"


def test_recordings_let_speakers_go_first() -> None:
    """InterimWords and recordings can wait for the finals of those who speak now."""
    asr, _ = engine(says(" yes"))
    sound = noise(100)
    assert asr.rank(PendingJob([Utterance(sound, is_recording=True)])) is Rank.LATER
    assert asr.rank(PendingJob([Utterance(sound, is_final=False)])) is Rank.SOON
    assert asr.rank(PendingJob([Utterance(sound)])) is Rank.NOW


def test_tokens_say_how_likely_they_were() -> None:
    """Where times are asked for each word has its tokens, as bytes, with the logarithm of their chance."""
    timed = Alignment([0, 1, 2], [0.5, 0.0])
    (one, other) = heard(
        lambda source, prompt: Generated([" a", " b"], alignment=timed), Utterance(noise(RATE_HZ), times=True)
    ).words
    assert [(token.text, round(token.log_probability, 3)) for token in one.tokens] == [(b" a", -0.693)]
    assert other.tokens[0].log_probability < -20


def test_windows_of_a_recording_are_alike() -> None:
    """They are shown coarsely, so that they share calls; alone or together they are shown the same."""
    asr, told = engine(says(" yes"), full_frames=60)
    run(asr, [Utterance(noise(round(n * RATE_HZ)), is_recording=True) for n in (11, 12.2, 14.5, 29.9)])
    assert sorted(shape[:2] for shape, _, _ in told.asked) == [(1, 60), (3, 30)]
    run(asr, [Utterance(noise(11 * RATE_HZ), is_recording=True)])
    assert told.asked[-1][0][:2] == (1, 30)


def first_sentence(source: npt.NDArray[np.float32], prompt: Tokens) -> Generated:
    """One word, however much there is, which then seems to take all of the time."""
    rows = int((np.abs(source).max(1) > 0).sum())
    return Generated([f" {rows}"], -0.1, alignment=Alignment([0, rows], [0.5]))


def test_a_window_is_heard_whole() -> None:
    """A word of many seconds hides what was left out, so the window is heard in parts; a live utterance is not."""
    told = heard(first_sentence, Utterance(noise(10 * RATE_HZ), times=True, is_recording=True))
    assert len(told.words) >= 3
    assert max(word.end - word.start for word in told.words) <= 4 * RATE_HZ
    assert heard(first_sentence, Utterance(noise(10 * RATE_HZ), times=True)).text == "20"


def test_a_slow_word_is_no_gap() -> None:
    """Some people take their time."""
    asr, told = engine(first_sentence)
    run(asr, [Utterance(noise(3 * RATE_HZ), times=True, is_recording=True)])
    assert len(told.asked) == 1


def test_silence_is_not_asked_twice() -> None:
    """What is taken for silence is none the more speech in halves, and a model says more to shorter ones."""
    asr, told = engine(says(" you", score=-3.0, no_speech=0.9))
    (said,) = run(asr, [Utterance(noise(10 * RATE_HZ), times=True, is_recording=True)])
    assert (said[0].text, len(told.asked)) == ("", 1)
