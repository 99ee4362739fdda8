import numpy as np

from services.diarize import past
from services.diarize.clustering import ClusterConfig, Embedding, Voices
from services.diarize.past import Past

SECOND = 16_000
WHO = (0, 1, 0, 2, 2, 1)
CONFIG = ClusterConfig(same=0.5, ward_height=2.0)


def embedding(who: int, seed: int) -> Embedding:
    """A voice, never twice the same."""
    row = np.random.default_rng(seed).normal(0, 0.1, 8).astype(np.float32)
    row[who] += 1
    return row


def long_ago(windows: int, voices: Voices) -> Past:
    """Three people who speak a second each, in turn."""
    kept = Past()
    for n in range(windows):
        row = embedding(WHO[n % 6], n)
        kept.hear(row, 1.0, voices.hear(row)[0])
        kept.span(n * SECOND, (n + 1) * SECOND)
    return kept


def test_hours_are_kept_in_little() -> None:
    """However long a stream, there are few rows, and every stretch of speech is still known to be whose it is."""
    voices = Voices(CONFIG)
    kept = long_ago(3000, voices)
    assert len(kept._rows) <= past.MOST
    kept.regroup(voices)
    told = [(span.start, span.end, voice) for span, voice, _ in kept.spans(voices)]
    assert [end for _, end, _ in told][:-1] == [start for start, _, _ in told][1:]
    assert told[-1][1] == 3000 * SECOND
    assert all(voice == WHO[n % 6] for start, end, voice in told for n in range(start // SECOND, end // SECOND))


def test_a_second_look_undoes_a_hasty_first() -> None:
    """Windows that were taken for a voice of their own, being few at the time, go where all of them together lie."""
    voices = Voices(CONFIG)
    kept = Past()
    for n, taken in enumerate((0, 1, 2, 0, 0, 0)):
        row = embedding(0, n)
        kept.hear(row, 1.0, taken)
        kept.span(n * SECOND, (n + 1) * SECOND)
        voices.hear(np.eye(8, dtype=np.float32)[taken])
    kept.regroup(voices)
    assert [voice for _, voice, _ in kept.spans(voices)] == [0] * 6
    assert all(alike > 0.8 for *_, alike in kept.spans(voices))


def test_a_turn_that_has_ended_is_kept_apart() -> None:
    """When stretches are joined to save room, those of two turns are not."""
    voices = Voices(CONFIG)
    kept = Past()
    for n in range(past.MOST + 1):
        row = embedding(0, n)
        kept.hear(row, 1.0, voices.hear(row)[0])
        kept.span(n * SECOND, (n + 1) * SECOND)
        if n % 2:
            kept.close()
    closed = [span.end // SECOND for span, *_ in kept.spans(voices) if span.known_to]
    assert closed == list(range(2, past.MOST + 1, 2))
    assert len(list(kept.spans(voices))) < past.MOST
