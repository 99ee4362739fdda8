from parley.audio.pcm import RATE_HZ
from services.asr.streams.interim_words import EARLIER, LONG, STAY, InterimWords
from services.asr.utterance import SpokenWord


def words(*starts: float) -> list[SpokenWord]:
    """One word at each of these seconds."""
    return [
        SpokenWord(f" {n}", round(start * RATE_HZ), round((start + 0.3) * RATE_HZ)) for n, start in enumerate(starts)
    ]


def twice(interims: InterimWords, heard: list[SpokenWord], end: int = 0) -> list[str]:
    interims.add(heard, 0)
    return interims.add(heard, end)


def test_what_was_promised_begins_the_next_guess() -> None:
    """Words that two interims agree on, and only they."""
    interims = InterimWords(0)
    interims.add([SpokenWord(" a"), SpokenWord(" b")], 0)
    assert interims.begun == ""
    interims.add([SpokenWord(" a"), SpokenWord(" c")], 0)
    assert interims.begun == " a"


def test_promised_sound_is_left_behind() -> None:
    """The next interim hears from a little before the last promised words on, and begins with them."""
    interims = InterimWords(1000)
    twice(interims, words(0, 1, 2, 3))
    assert interims.since == 1000
    assert interims.add(words(0, 1, 2, 3), 2000 + LONG) == [" 0", " 1", " 2", " 3"]
    assert interims.since == 1000 + 2 * RATE_HZ - EARLIER
    assert interims.begun == " 2 3"
    assert interims.add([SpokenWord(" 2"), SpokenWord(" 3"), SpokenWord(" new")], 0) == [" 0", " 1", " 2", " 3", " new"]


def test_times_are_asked_for_when_they_gain_something() -> None:
    """Only where there is much to hear again, and enough of it was promised."""
    interims = InterimWords(0)
    assert not interims.is_long(2 * LONG)
    twice(interims, [SpokenWord(f" {n}") for n in range(STAY + 1)])
    assert interims.is_long(LONG + 1)
    assert not interims.is_long(LONG)


def test_an_interim_of_everything_fits_in() -> None:
    """In a pause all of the utterance is heard: what was promised before stays, wherever the last interim began."""
    interims = InterimWords(0)
    twice(interims, words(0, 1, 2, 3))
    interims.add(words(0, 1, 2, 3), 2 * LONG)
    every = [SpokenWord(word) for word in (" 0", " 1", " 2", " 3", " 4")]
    assert interims.add_whole(every) == [" 0", " 1", " 2", " 3", " 4"]
    assert interims.begun == " 2 3"
