"""Arithmetic of the gateway's bench."""

import pytest

from loadtest.bench.findings import Run
from loadtest.bench.gateway import GatewayFindings
from loadtest.bench.uploads import FILES, SECONDS, Upload, recordings
from parley.audio import media


def _run(way: str, streams: int, p99_ms: float, rss_mb: float = 90.0) -> Run:
    return Run(way, streams, 1.0, p99_ms, 0.5, {"gateway": 0.1}, {"gateway": rss_mb})


def test_added_is_what_the_gateway_adds_within_a_round() -> None:
    """A round in which the whole machine was slow adds nothing."""
    runs = [
        _run(way, 50, base + (way != "service") * 4) for base in (3.0, 30.0, 5.0) for way in ("service", "pipeline")
    ]
    assert GatewayFindings(runs, []).added_ms("pipeline") == pytest.approx(4.0)


def test_memory_is_the_worst_at_many_streams() -> None:
    """What was held at fewer streams does not count."""
    runs = [_run("passthrough", 100, 5, 95.0), _run("pipeline", 100, 5, 99.0), _run("pipeline", 50, 5, 300.0)]
    assert GatewayFindings(runs, []).rss_mb() == 99.0


def test_an_upload_costs_what_is_over_decoding() -> None:
    """As a share of a core while it was worked on; of several the middle one is told."""
    uploads = [Upload("WAV", 0.1, gateway_s, 2.0) for gateway_s in (0.5, 0.2, 0.3)]
    assert GatewayFindings([], uploads).upload("WAV").share == pytest.approx(0.1)


def test_recordings_play_ten_minutes() -> None:
    """Each in its own kind and rate."""
    for (what, file), (_, rate_hz) in zip(recordings(), FILES.values(), strict=True):
        assert media.samples(file, rate_hz) == SECONDS * rate_hz, what
