"""What is known of each version that has served: its last streams, its drift, and where two versions differ most."""

import heapq
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from prometheus_client import Histogram

from gateway import metrics
from gateway.rollouts import signals
from gateway.rollouts.drift import Drift, KindDrift
from gateway.rollouts.signals import Signals
from gateway.routing.shadow import Compared
from parley import telemetry
from parley.languages import NAMES

LAST = 1000  # streams of a version
VERSIONS, PAIRS = 200, 50  # that are remembered; then what is longest unused goes
SHOWN_SAMPLES, LONGEST_SAMPLE = 20, 2_000  # letters
LANGUAGE = "language"
# How long answers wait is the load's doing as much as the version's.
DRIFTING = tuple(name for name in metrics.SIGNALS if name != signals.WAIT)
OTHER = "other"  # languages that are none


@dataclass
class Version:
    """One version's streams."""

    streams: int = 0
    errors: int = 0
    late: int = 0
    numbers: dict[str, deque[float]] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    drifts: dict[str, Any] = field(default_factory=dict)  # a Drift of each number, and a KindDrift
    shares: dict[str, Histogram] = field(default_factory=dict)  # its own of each distribution: to find it takes longer
    reference: dict[str, float] = field(default_factory=dict)  # of recordings whose right answer is known

    def see(self, seen: Signals) -> None:
        """One more."""
        self.streams += 1
        self.errors += seen.numbers[signals.ERROR] > 0
        self.late += seen.numbers[signals.LATE] > 0
        for name, value in seen.numbers.items():
            if name not in self.numbers:
                self.numbers[name] = deque(maxlen=LAST)
            self.numbers[name].append(value)
            if name in DRIFTING:
                if name not in self.drifts:
                    self.drifts[name] = Drift()
                self.drifts[name].see(value)
        if seen.language:
            self.languages[language_of(seen)] += 1
            if LANGUAGE not in self.drifts:
                self.drifts[LANGUAGE] = KindDrift()
            self.drifts[LANGUAGE].see(language_of(seen))

    def shown(self) -> dict[str, Any]:
        """Counts, and of each number mean and quantiles."""
        numbers = {name: _spread(values) for name, values in self.numbers.items() if name not in COUNTED}
        counts = {"streams": self.streams, "errors": self.errors, "late": self.late}
        more = {"languages": dict(self.languages.most_common(10)), "reference": dict(self.reference)}
        return {**counts, "numbers": numbers, **more}


def language_of(seen: Signals) -> str:
    """One that is known: a broken model must not invent labels."""
    return seen.language if seen.language.split("-")[0] in NAMES else OTHER


COUNTED = (signals.ERROR, signals.LATE)


def _spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    at = {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in QUANTILES.items()}
    return {"mean": round(sum(ordered) / len(ordered), 5)} | {name: round(value, 5) for name, value in at.items()}


@dataclass
class Pair:
    """Two versions that have heard the same streams."""

    times: int = 0
    total: float = 0.0
    samples: list[tuple[float, int, Compared]] = field(default_factory=list)  # a heap: the least different first

    def differing(self) -> Iterator[dict[str, Any]]:
        """The texts that differ most."""
        for _, _, each in heapq.nlargest(SHOWN_SAMPLES, self.samples):
            texts = {each.served: each.served_text[:LONGEST_SAMPLE], each.shadow: each.shadow_text[:LONGEST_SAMPLE]}
            yield {"divergence": round(each.divergence, 4), "texts": texts}


QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class Versions:
    """All of them."""

    def __init__(self, samples: int, psi_most: float) -> None:
        self._versions: dict[tuple[str, str], Version] = {}
        self._samples_most, self._psi_most = samples, psi_most
        self._numbers = count()
        self._pairs: dict[tuple[str, ...], Pair] = {}

    def see(self, stage: str, model: str, seen: Signals) -> None:
        """One stream has ended."""
        version = self._of(stage, model)
        version.see(seen)
        for name, value in seen.numbers.items():
            if name in metrics.SIGNALS:
                if name not in version.shares:
                    version.shares[name] = metrics.SIGNALS[name].labels(stage, model)
                version.shares[name].observe(value)
        if seen.numbers[signals.ERROR]:
            metrics.STREAM_ERRORS.labels(stage, model).inc()
        if seen.language:
            metrics.LANGUAGES.labels(stage, model, language_of(seen)).inc()

    def refer(self, stage: str, model: str, measure: str, value: float) -> None:
        """How good it was with recordings whose right answer is known."""
        self._of(stage, model).reference[measure] = round(value, 5)
        telemetry.QUALITY.labels(stage, model, measure).set(value)

    def _of(self, stage: str, model: str) -> Version:
        version = self._versions.pop((stage, model), None) or Version()
        self._versions[stage, model] = version
        if len(self._versions) > VERSIONS:
            del self._versions[next(iter(self._versions))]
        return version

    def compare(self, compared: Compared) -> None:
        """Two versions have heard the same."""
        pair = self._pair(compared.stage, compared.served, compared.shadow)
        pair.times, pair.total = pair.times + 1, pair.total + compared.divergence
        if not self._samples_most or not compared.divergence:
            return
        entry = (compared.divergence, next(self._numbers), compared)
        add = heapq.heappush if len(pair.samples) < self._samples_most else heapq.heappushpop
        add(pair.samples, entry)

    def samples_of(self, payer: str) -> int:
        """How many are kept of a key's streams."""
        return sum(each.payer == payer for pair in self._pairs.values() for _, _, each in pair.samples)

    def forget(self, payer: str) -> int:
        """Removes them; how many they were."""
        found = self.samples_of(payer)
        for pair in self._pairs.values():
            pair.samples = [sample for sample in pair.samples if sample[2].payer != payer]
            heapq.heapify(pair.samples)
        return found

    def _pair(self, stage: str, one: str, other: str) -> "Pair":
        key = (stage, *sorted((one, other)))
        pair = self._pairs.pop(key, None) or Pair()
        self._pairs[key] = pair
        if len(self._pairs) > PAIRS:
            del self._pairs[next(iter(self._pairs))]
        return pair

    def between(self, stage: str, one: str, other: str) -> dict[str, Any]:
        """Two versions side by side; of texts those that differ most."""
        pair = self._pairs.get((stage, *sorted((one, other))), Pair())
        versions = {model: found.shown() for model in (one, other) if (found := self._versions.get((stage, model)))}
        facts = {"stage": stage, "versions": versions, "compared": pair.times, "keeps_samples": self._samples_most > 0}
        facts |= {"divergence": round(pair.total / pair.times, 4) if pair.times else None}
        return facts | {"samples": list(pair.differing())}

    def drift(self) -> Iterator[dict[str, Any]]:
        """Each number that has a baseline, against it; also as metrics."""
        for (stage, model), version in tuple(self._versions.items()):
            for name, drift in tuple(version.drifts.items()):
                if found := drift.found(self._psi_most):
                    metrics.DRIFT.labels(stage, model, name).set(found["psi"])
                    metrics.DRIFTED.labels(stage, model, name).set(found["left"])
                    yield {"stage": stage, "model": model, "signal": name, **found}

    def kept(self) -> list[list[Any]]:
        """The baselines, as JSON keeps them."""
        return [
            [stage, model, name, kept]
            for (stage, model), version in self._versions.items()
            for name, drift in version.drifts.items()
            if (kept := drift.kept)
        ]

    def take(self, kept: Sequence[Sequence[Any]]) -> None:
        """Baselines that were kept."""
        for stage, model, name, baseline in kept:
            kind = KindDrift if name == LANGUAGE else Drift
            self._of(str(stage), str(model)).drifts[str(name)] = kind(dict(baseline))
