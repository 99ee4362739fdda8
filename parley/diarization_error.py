"""How wrong it is who spoke when: NIST's diarization error rate, without a collar, overlapping speech scored. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

Spoken = tuple[str, float, float]  # who, from when, until when, in seconds
MOST_VOICES = 12  # of the truth, that are told apart: every way to name them is weighed


def error(truth: Sequence[Spoken], said: Sequence[Spoken]) -> tuple[float, float]:
    """Seconds of speech missed, invented or given to the wrong voice, and seconds of speech in all."""
    together: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    wrong = spoken = 0.0
    for seconds, wanted, given in _moments(truth, said):
        spoken += seconds * len(wanted)
        wrong += seconds * max(len(wanted), len(given))
        for voice in given:
            for other in wanted:
                together[voice][other] += seconds
    return wrong - _right(together), spoken


def _moments(truth: Sequence[Spoken], said: Sequence[Spoken]) -> Iterator[tuple[float, set[str], set[str]]]:
    """Between two changes: for how long, who speaks, and who is said to."""
    edges = sorted({edge for _, begin, end in (*truth, *said) for edge in (begin, end)})
    for begin, end in pairwise(edges):
        wanted, given = _speaking(truth, begin, end), _speaking(said, begin, end)
        if wanted or given:
            yield end - begin, wanted, given


def _speaking(turns: Sequence[Spoken], begin: float, end: float) -> set[str]:
    return {who for who, start, stop in turns if start <= begin and end <= stop}


def _right(together: Mapping[str, Mapping[str, float]]) -> float:
    """Seconds that are right under the best naming, in which each voice has one name at most."""
    total: dict[str, float] = defaultdict(float)
    for shared in together.values():
        for name, seconds in shared.items():
            total[name] += seconds
    names = sorted(total, key=lambda name: -total[name])[:MOST_VOICES]
    best = {0: 0.0}  # which names are given away, as bits: how much is right then
    for shared in together.values():
        longer = dict(best)
        for taken, right in best.items():
            for bit, name in enumerate(names):
                if not taken >> bit & 1 and name in shared:
                    now = taken | 1 << bit
                    longer[now] = max(longer.get(now, 0.0), right + shared[name])
        best = longer
    return max(best.values())


def read_rttm(text: str) -> list[Spoken]:
    """The lines that say who speaks."""
    rows = [line.split() for line in text.splitlines() if line.startswith("SPEAKER ")]
    return [(row[7], float(row[3]), float(row[3]) + float(row[4])) for row in rows]
