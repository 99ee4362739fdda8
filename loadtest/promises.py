"""What can be promised: every measure, and the statistics that it has. Pure.

A misspelt promise would be kept for ever: nothing of it is ever counted.
"""

from collections.abc import Iterable
from enum import Enum

LATENCY = ("p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms")
COUNT = ("count", "share", "least", "most")
SCORE = ("share", "least", "most")
TTFS = "ttfs"  # time to the final segment: from the end of speech to the last final of a stream
UNHEARD = "unheard"  # calls that said something and were answered with no words
TIMED = ("open", "chunk", "first partial", "final", TTFS, "turn", "translation", "rest", "refusal")
REST_OF = "rest of "  # up to 10 s, and so on
COUNTED = ("calls", "errors", "refused", "notices", "hung up", "words", "audio s", "changed answers", UNHEARD)
WORDS = ("lost words", "doubled words", "changed words")
SCORED = ("wer", "bleu", "si-sdr", "worse wer", "worse bleu", "worse si-sdr")  # worse than at rest
FACTS = {
    "ready": ("s",),
    "first answer": ("s",),
    "recovery": ("s",),
    "real time": ("ratio",),
    "memory growth": ("ratio",),
}


def statistics_of(measure: str) -> tuple[str, ...]:
    """What can be said of a measure; nothing of one that does not exist."""
    if measure in TIMED or measure.startswith(REST_OF):
        return LATENCY
    if measure in SCORED:
        return SCORE
    return COUNT if measure in (*COUNTED, *WORDS) else FACTS.get(measure, ())


def measures() -> Iterable[str]:
    """Their names."""
    return (*TIMED, *COUNTED, *WORDS, *SCORED, *FACTS)


class Verdict(Enum):
    """Of a promise, a scenario or a whole run; the value is the exit code."""

    HELD = 0
    BROKEN = 1
    INVALID = 2
