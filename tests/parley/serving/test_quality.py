"""What streams say of quality ends up where operators look."""

from collections.abc import Iterator

import pytest
from google.protobuf.message import Message
from prometheus_client import REGISTRY

from parley.serving.quality import QualityMeans
from parley.v1.audio_pb2 import AudioChunk


def measures(event: Message) -> Iterator[tuple[str, float]]:
    """A number of each chunk."""
    assert isinstance(event, AudioChunk)
    yield "offset", event.offset_samples


def shown(model: str) -> float | None:
    return REGISTRY.get_sample_value("parley_quality", {"stage": "separate", "model": model, "measure": "offset"})


def test_the_mean_follows_what_streams_say() -> None:
    """The first value at once; one outlier hardly; what stays, in the end."""
    means = QualityMeans(measures)
    means.note("separate", "a@1", [AudioChunk(offset_samples=10)])
    assert shown("a@1") == 10
    means.note("separate", "a@1", [AudioChunk(offset_samples=110)])
    assert shown("a@1") == pytest.approx(15)
    for _ in range(200):
        means.note("separate", "a@1", [AudioChunk(offset_samples=40)])
    assert shown("a@1") == pytest.approx(40, abs=0.1)


def test_versions_have_means_of_their_own() -> None:
    means = QualityMeans(measures)
    means.note("separate", "b@1", [AudioChunk(offset_samples=1)])
    means.note("separate", "b@2", [AudioChunk(offset_samples=3)])
    assert (shown("b@1"), shown("b@2")) == (1, 3)
