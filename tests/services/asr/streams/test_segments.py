from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import RATE_HZ
from services.asr.speech.windows import Pause, Window
from services.asr.streams.segments import segments
from services.asr.utterance import SpokenWord

S = RATE_HZ


def window(end_s: float, *pauses: tuple[float, float], start_s: float = 0.0) -> Window:
    """Speech begins 0.4 s after its start and ends 0.2 s before its end."""
    inside = tuple(Pause(round(a * S), round(b * S)) for a, b in pauses)
    start, end = round(start_s * S), round(end_s * S)
    return Window(start, end, start + 2 * S // 5, end - S // 5, inside)


def words(*told: tuple[str, float, float]) -> list[SpokenWord]:
    return [SpokenWord(text, round(start * S), round(end * S), 0.9) for text, start, end in told]


def said(found: list[list[SpokenWord]]) -> list[tuple[str, float, float]]:
    texts = ("".join(word.text for word in part).strip() for part in found)
    return [(text, part[0].start / S, part[-1].end / S) for text, part in zip(texts, found, strict=True)]


def test_a_sentence_is_a_segment_where_somebody_breathes() -> None:
    """A full stop in a breath ends a segment; one without a breath, and a breath without a full stop, do not."""
    heard = words((" One.", 0.0, 1.5), (" Two", 1.5, 2.0), (" three.", 2.0, 2.5), (" Four", 2.5, 3.0))
    found = list(segments(window(3.2, (1.2, 1.6), (1.9, 2.1)), heard))
    assert said(found) == [("One.", 0.4, 1.2), ("Two three. Four", 1.6, 3.0)]


def test_a_long_pause_ends_a_segment() -> None:
    """Whatever the model writes."""
    heard = words((" one", 0.0, 1.5), (" two", 1.5, 3.0))
    assert said(list(segments(window(3.2, (1.0, 2.2)), heard))) == [("one", 0.4, 1.0), ("two", 2.2, 3.0)]


def test_words_do_not_reach_into_pauses() -> None:
    """A model that begins a word while nobody speaks is told better, and only by what it can have meant."""
    heard = words((" one", 0.0, 1.1), (" two", 1.1, 3.0))
    (part,) = segments(window(3.2, (1.0, 1.5)), heard)
    assert [(word.start / S, word.end / S) for word in part] == [(0.4, 1.0), (1.5, 3.0)]
    (part,) = segments(window(3.2, (2.0, 2.5)), heard)
    assert [(word.start / S, word.end / S) for word in part] == [(0.4, 1.1), (1.1, 3.0)]


def test_times_are_the_recordings() -> None:
    """A window's words begin where the window does."""
    assert said(list(segments(window(13.2, start_s=10.0), words((" one", 0.0, 3.2))))) == [("one", 10.4, 13.0)]


TOLD = st.lists(st.integers(0, 30), max_size=12).map(sorted)
PAUSES = st.lists(st.tuples(st.integers(5, 27), st.integers(1, 6)), max_size=5)


@given(TOLD, PAUSES)
def test_no_word_is_lost_and_none_goes_back_in_time(edges: list[int], pauses: list[tuple[int, int]]) -> None:
    """Whatever a model says of times: all words, in order, each after the one before, inside the window."""
    heard = [SpokenWord(f" w{n}", a * S // 10, b * S // 10) for n, (a, b) in enumerate(pairwise(edges))]
    apart, last = list[tuple[float, float]](), 0
    for start, length in sorted(pauses):
        if start > last and start + length < 30:
            apart.append((start / 10, (start + length) / 10))
            last = start + length
    place = window(3.2, *apart)
    told = [word for part in segments(place, heard) for word in part]
    assert [word.text for word in told] == [word.text for word in heard]
    times = [time for word in told for time in (word.start, word.end)]
    assert times == sorted(times)
    assert all(place.start <= time <= place.end for time in times)
