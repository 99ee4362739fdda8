from parley.audio.pcm import RATE_HZ
from services.asr.guesses import EARLIER, LONG, STAY, Guesses
from services.asr.utterance import Spoken


def words(*starts: float) -> list[Spoken]:
    """One word at each of these seconds."""
    return [Spoken(f" {n}", round(start * RATE_HZ), round((start + 0.3) * RATE_HZ)) for n, start in enumerate(starts)]


def twice(guesses: Guesses, heard: list[Spoken], end: int = 0) -> list[str]:
    guesses.hear(heard, 0)
    return guesses.hear(heard, end)


def test_what_was_promised_begins_the_next_guess() -> None:
    """Words that two guesses agree on, and only they."""
    guesses = Guesses(0)
    guesses.hear([Spoken(" a"), Spoken(" b")], 0)
    assert guesses.begun == ""
    guesses.hear([Spoken(" a"), Spoken(" c")], 0)
    assert guesses.begun == " a"


def test_promised_sound_is_left_behind() -> None:
    """The next guess hears from a little before the last promised words on, and begins with them."""
    guesses = Guesses(1000)
    twice(guesses, words(0, 1, 2, 3))
    assert guesses.since == 1000
    assert guesses.hear(words(0, 1, 2, 3), 2000 + LONG) == [" 0", " 1", " 2", " 3"]
    assert guesses.since == 1000 + 2 * RATE_HZ - EARLIER
    assert guesses.begun == " 2 3"
    assert guesses.hear([Spoken(" 2"), Spoken(" 3"), Spoken(" new")], 0) == [" 0", " 1", " 2", " 3", " new"]


def test_times_are_asked_for_when_they_gain_something() -> None:
    """Only where there is much to hear again, and enough of it was promised."""
    guesses = Guesses(0)
    assert not guesses.is_long(2 * LONG)
    twice(guesses, [Spoken(f" {n}") for n in range(STAY + 1)])
    assert guesses.is_long(LONG + 1)
    assert not guesses.is_long(LONG)


def test_a_guess_of_everything_fits_in() -> None:
    """In a pause all of the utterance is heard: what was promised before stays, wherever the last guess began."""
    guesses = Guesses(0)
    twice(guesses, words(0, 1, 2, 3))
    guesses.hear(words(0, 1, 2, 3), 2 * LONG)
    every = [Spoken(word) for word in (" 0", " 1", " 2", " 3", " 4")]
    assert guesses.hear_all(every) == [" 0", " 1", " 2", " 3", " 4"]
    assert guesses.begun == " 2 3"
