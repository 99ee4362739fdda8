"""How good what a service answers is on average of late, for Prometheus. Must not know what is measured."""

from collections.abc import Callable, Iterable

from google.protobuf.message import Message

from parley import telemetry

NEWEST = 0.05  # how much the newest value counts for: the mean is over about the last twenty

Measures = Callable[[Message], Iterable[tuple[str, float]]]


class QualityMeans:
    """Keeps a running mean of each measure of each version."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures
        self._means: dict[tuple[str, str, str], float] = {}

    def note(self, stage: str, model: str, events: Iterable[Message]) -> None:
        """Events that a stream of this version is about to say."""
        for event in events:
            for measure, value in self._measures(event):
                labels = (stage, model, measure)
                before = self._means.get(labels, value)
                self._means[labels] = before + NEWEST * (value - before)
                telemetry.QUALITY.labels(*labels).set(self._means[labels])
