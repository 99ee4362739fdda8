"""Each shadow beside what callers got: how many streams it heard, how far it differed, how much later it was."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import Histogram
from prometheus_client.samples import Sample

from gateway import metrics
from gateway.report.spread import quantile_ms

Who = tuple[str, str]  # a stage and a version


def shadows() -> list[Mapping[str, Any]]:
    """Every version that has heard streams for comparison, with what came of them."""
    outcomes: dict[Who, dict[str, int]] = defaultdict(dict)
    for metric in metrics.SHADOWS.collect():
        for sample in metric.samples:
            if sample.name.endswith("_total"):
                labels = sample.labels
                outcomes[labels["stage"], labels["shadow"]][labels["outcome"]] = int(sample.value)
    differs, later_ms = _means(metrics.SHADOW_DIVERGENCE), _medians_ms(metrics.SHADOW_LAG)
    return [
        {"stage": stage, "model": model, "outcomes": ended}
        | {"divergence": differs.get((stage, model)), "later_ms": later_ms.get((stage, model))}
        for (stage, model), ended in sorted(outcomes.items())
    ]


def _samples(histogram: Histogram, what: str) -> Iterator[tuple[Who, Sample]]:
    for metric in histogram.collect():
        for sample in metric.samples:
            if sample.name.endswith(f"_{what}"):
                yield (sample.labels["stage"], sample.labels["shadow"]), sample


def _means(histogram: Histogram) -> dict[Who, float]:
    sums = {who: sample.value for who, sample in _samples(histogram, "sum")}
    counts = {who: sample.value for who, sample in _samples(histogram, "count")}
    return {who: round(sums[who] / count, 4) for who, count in counts.items() if count}


def _medians_ms(histogram: Histogram) -> dict[Who, float | None]:
    """From the buckets: a histogram of what may be below zero has no sum."""
    buckets: dict[Who, list[tuple[float, float]]] = defaultdict(list)
    for who, sample in _samples(histogram, "bucket"):
        buckets[who].append((float(sample.labels["le"]), sample.value))
    return {who: _median_ms(*zip(*found, strict=True)) for who, found in buckets.items()}


def _median_ms(bounds_s: Sequence[float], below: Sequence[float]) -> float | None:
    counts = tuple(int(count - before) for count, before in zip(below, (0.0, *below), strict=False))
    return quantile_ms(bounds_s[:-1], counts, 0.5)
