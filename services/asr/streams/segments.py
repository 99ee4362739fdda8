"""A window's words -> segments, with times that respect its pauses. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from parley.audio.pcm import RATE_HZ
from services.asr.speech.windows import Pause, Window
from services.asr.utterance import SpokenWord

NEAR = 3 * RATE_HZ // 10  # a model hears where words begin no better than this
BREATH, SILENCE = RATE_HZ // 5, RATE_HZ  # a sentence ends with the one, anything with the other
ENDS = (".", "?", "!", "。", "\uff1f", "\uff01")


def segments(window: Window, words: Sequence[SpokenWord]) -> Iterator[list[SpokenWord]]:
    """Sentences, and what stands between long pauses; the times are the recording's."""
    placed = _placed(window, words)
    segment: list[SpokenWord] = []
    for n, word in enumerate(placed):
        segment.append(word)
        pause = placed[n + 1].start - word.end if n + 1 < len(placed) else SILENCE
        if pause >= SILENCE or (pause >= BREATH and word.text.rstrip("\"'\u201d\u2019)").endswith(ENDS)):
            yield segment
            segment = []


def _placed(window: Window, words: Sequence[SpokenWord]) -> list[SpokenWord]:
    """Nobody speaks in a pause: a word that reaches into it ends where it begins, and the next begins behind it."""
    if not words:
        return []
    bounds = [words[0].start, *(word.end for word in words)]
    pauses = (Pause(window.start, window.speech), *window.pauses, Pause(window.silence, window.end))
    apart = _apart([window.place(bound) for bound in bounds], pauses)
    times = list(accumulate((edge for pair in apart for edge in pair), max))[1:-1]
    return [
        replace(word, start=start, end=end) for word, start, end in zip(words, times[::2], times[1::2], strict=True)
    ]


def _apart(bounds: Sequence[int], pauses: Sequence[Pause]) -> list[tuple[int, int]]:
    """Where the word before each bound ends and the one behind it begins. A bound near two pauses is in the longer."""
    apart = [(bound, bound) for bound in bounds]
    for pause in sorted(pauses, key=lambda pause: pause.length):
        away = [max(pause.start - bound, bound - pause.end, 0) for bound in bounds]
        if min(away) <= NEAR:
            apart[away.index(min(away))] = (pause.start, pause.end)
    return apart
