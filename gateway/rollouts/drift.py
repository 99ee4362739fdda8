"""Whether a version's numbers are still those that it began with. Pure.

The first streams of a version are its baseline; later ones are compared with it in two ways. The population stability
index asks whether the distribution has another shape, over the baseline's own tenths. Page and Hinkley's test asks
whether the mean has moved and stays there, in units of the baseline's own deviation.
"""

import math
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Any

BASELINE, WINDOW, LEAST = 500, 500, 100  # streams
TENTHS = 10
BORNE, ALARM = 0.25, 25.0  # of Page and Hinkley, in deviations: what a stream may be off, what they may sum up to


@dataclass(frozen=True)
class Baseline:
    """The numbers that a version began with."""

    edges: Sequence[float]  # between the tenths
    shares: Sequence[float]
    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Baseline":
        """Equal numbers share a tenth, so there may be fewer."""
        ordered = sorted(values)
        edges = sorted({ordered[len(ordered) * n // TENTHS] for n in range(1, TENTHS)})
        return cls(edges, _shares(edges, values), fmean(values), pstdev(values))


def _shares(edges: Sequence[float], values: Sequence[float]) -> list[float]:
    counts = [0.5] * (len(edges) + 1)  # what was never seen is rare, not impossible
    for value in values:
        counts[bisect_right(edges, value)] += 1
    return [count / sum(counts) for count in counts]


def psi(baseline: Baseline, values: Sequence[float]) -> float:
    """The population stability index: below 0.1 nothing, above 0.25 another population."""
    pairs = zip(baseline.shares, _shares(baseline.edges, values), strict=True)
    return sum((now - before) * math.log(now / before) for before, now in pairs)


def page_hinkley(baseline: Baseline, values: Sequence[float]) -> float:
    """How far the mean has moved for how long, up or down, as a share of what raises an alarm."""
    unit = baseline.deviation or max(abs(baseline.mean) * 0.01, 1e-9)
    up = down = 0.0
    for value in values:
        off = (value - baseline.mean) / unit
        up, down = max(0.0, up + off - BORNE), max(0.0, down - off - BORNE)
    return max(up, down) / ALARM


class Drift:
    """One number of one version."""

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        self.baseline = Baseline(**kept) if kept else None
        self._first: list[float] = []
        self.now: deque[float] = deque(maxlen=WINDOW)

    def see(self, value: float) -> None:
        """One more stream."""
        if self.baseline is None:
            self._first.append(value)
            if len(self._first) >= BASELINE:
                self.baseline, self._first = Baseline.of(self._first), []
        else:
            self.now.append(value)

    def found(self, psi_most: float) -> dict[str, Any] | None:
        """How far it is from its baseline; None: too little was seen."""
        if self.baseline is None or len(self.now) < LEAST:
            return None
        index, moved = psi(self.baseline, self.now), page_hinkley(self.baseline, self.now)
        means = {"baseline": self.baseline.mean, "now": fmean(self.now), "streams": len(self.now)}
        return means | {"psi": round(index, 4), "moved": round(moved, 4), "left": index > psi_most or moved > 1}

    @property
    def kept(self) -> dict[str, Any] | None:
        """The baseline, as JSON keeps it."""
        return vars(self.baseline) if self.baseline else None


class KindDrift:
    """Which of several kinds the streams of one version are, as languages."""

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        self._before: Counter[str] = Counter(kept["kinds"] if kept else {})
        self.now: deque[str] = deque(maxlen=WINDOW)

    def see(self, kind: str) -> None:
        """One more stream."""
        if self._before.total() < BASELINE:
            self._before[kind] += 1
        else:
            self.now.append(kind)

    def found(self, psi_most: float) -> dict[str, Any] | None:
        """The same as of numbers; of kinds the most frequent one stands for the mean."""
        if len(self.now) < LEAST:
            return None
        now, rare = Counter(self.now), 0.5
        kinds = {*self._before, *now}
        shares = [
            [(counts[kind] + rare) / (counts.total() + rare * len(kinds)) for kind in kinds]
            for counts in (self._before, now)
        ]
        index = sum((after - before) * math.log(after / before) for before, after in zip(*shares, strict=True))
        most = {name: counts.most_common(1)[0][0] for name, counts in (("baseline", self._before), ("now", now))}
        return {**most, "streams": len(self.now), "psi": round(index, 4), "moved": 0.0, "left": index > psi_most}

    @property
    def kept(self) -> dict[str, Any] | None:
        """The baseline, as JSON keeps it."""
        return {"kinds": dict(self._before)} if self._before.total() >= BASELINE else None
