"""What many tests hold in their hands."""

import os
from collections.abc import Iterator
from pathlib import Path

# Tests fork children beside open channels: gRPC's own fork handlers would now and then abort the child before its exec.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import pytest
from hypothesis import settings
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

pytest_plugins = ("tests.fuzz", "tests.cut", "pytester")

# A busy machine is slow, not wrong.
settings.register_profile("tests", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=1_000_000)  # --fuzz-seconds ends it
settings.load_profile("tests")


APART = [Path(__file__).parent / name for name in ("chaos", "cluster")]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Faults of whole processes and hosts take minutes: they are run where they are asked for, as `make chaos` does."""
    asked = any(collection_path.name in each for each in config.args)
    return True if collection_path in APART and not asked else None


LONG = ("e2e", "services/asr", "deploy", "loadtest/sla")  # they start processes, or open models


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first: at the end no worker shall be left alone with one."""
    here = Path(__file__).parent
    items.sort(key=lambda item: not item.path.relative_to(here).as_posix().startswith(LONG))


@pytest.fixture(scope="session")
def _exporter() -> InMemorySpanExporter:
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(_exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    """Every span that ends during the test."""
    _exporter.clear()
    yield _exporter
    _exporter.clear()
