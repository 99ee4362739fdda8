"""What was measured: latencies and counts, in all and by the second. Adds up exactly, whoever measured what.

Latencies are kept to three significant digits, in HdrHistograms. Must not know what they are latencies of.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from hdrh.histogram import HdrHistogram

LONGEST_US = 3_600_000_000
DIGITS = 3


def histogram() -> HdrHistogram:
    """From a microsecond to an hour."""
    return HdrHistogram(1, LONGEST_US, DIGITS)


@dataclass
class Series:
    """One measure: every latency, and which second it belongs to."""

    whole: HdrHistogram = field(default_factory=histogram)
    seconds: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))  # second -> us -> how many

    def record(self, ms: float, second: int) -> None:
        """One more."""
        us = min(max(1, round(1000 * ms)), LONGEST_US)
        self.whole.record_value(us)
        self.seconds[second][round(us, DIGITS - len(str(us)))] += 1

    def add(self, other: "Series") -> None:
        """Adds another one's measurements."""
        self.whole.add(other.whole)
        for second, counts in other.seconds.items():
            self.seconds[second].update(counts)

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.whole.get_total_count())

    def percentile_ms(self, percent: float) -> float:
        """The latency that so many per cent do not exceed."""
        return float(self.whole.get_lowest_equivalent_value(self.whole.get_value_at_percentile(percent))) / 1000

    def mean_ms(self) -> float:
        """The mean."""
        return float(self.whole.get_mean_value()) / 1000

    def to_json(self) -> dict[str, Any]:
        """For another process, or a report."""
        seconds = {str(second): {str(us): n for us, n in counts.items()} for second, counts in self.seconds.items()}
        return {"hdr": self.whole.encode().decode(), "seconds": seconds}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Self:
        """Back again."""
        series = cls(HdrHistogram.decode(data["hdr"].encode()))
        for second, counts in data["seconds"].items():
            series.seconds[int(second)] = Counter({int(us): n for us, n in counts.items()})
        return series


@dataclass
class Measures:
    """Everything one load generator, or all of them, measured."""

    latencies: dict[str, Series] = field(default_factory=lambda: defaultdict(Series))
    counts: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    samples: list[dict[str, Any]] = field(default_factory=list)  # some answers, for their quality

    def late(self, what: str, ms: float, second: float) -> None:
        """Something took so long; second: when it was due."""
        self.latencies[what].record(ms, int(second))

    def count(self, what: str, second: float, times: float = 1) -> None:
        """Something happened."""
        self.counts[what][int(second)] += times

    def total(self, what: str) -> float:
        """How often it happened."""
        return float(sum(self.counts[what].values())) if what in self.counts else 0.0

    def among(self, prefix: str) -> dict[str, float]:
        """All counts of a kind, e.g. every error by its reason."""
        return {key.removeprefix(prefix): self.total(key) for key in sorted(self.counts) if key.startswith(prefix)}

    def add(self, other: "Measures") -> None:
        """Adds another one's measurements."""
        for what, series in other.latencies.items():
            self.latencies[what].add(series)
        for what, seconds in other.counts.items():
            for second, times in seconds.items():
                self.counts[what][second] += times
        self.samples += other.samples

    def to_json(self) -> dict[str, Any]:
        """For another process, or a report."""
        counts = {what: {str(second): n for second, n in seconds.items()} for what, seconds in self.counts.items()}
        latencies = {what: series.to_json() for what, series in self.latencies.items()}
        return {"latencies": latencies, "counts": counts, "samples": self.samples}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Self:
        """Back again."""
        measures = cls(samples=list(data["samples"]))
        for what, series in data["latencies"].items():
            measures.latencies[what] = Series.of_json(series)
        for what, seconds in data["counts"].items():
            measures.counts[what].update({int(second): n for second, n in seconds.items()})
        return measures


def together(parts: Iterable[Measures]) -> Measures:
    """The sum of several histograms."""
    whole = Measures()
    for part in parts:
        whole.add(part)
    return whole
