import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from parley import telemetry
from parley.errors import BadConfig, BadInput
from parley.telemetry import JsonFormatter, TelemetryConfig, tracer


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Setting up a process's logs must not take the test runner's away."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def line(**extra: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "parley.x", "levelname": "INFO", "msg": "said %s", "args": ("ü",), **extra})
    made: dict[str, object] = json.loads(JsonFormatter("asr").format(record))
    return made


def test_a_log_line_is_one_json_object() -> None:
    """Level, process, logger, message and every extra are fields; what JSON does not know becomes text."""
    made = line(model="echo@1", folder=Path("/x"))
    want = {"level": "INFO", "process": "asr", "logger": "parley.x", "message": "said ü", "model": "echo@1"}
    assert want.items() <= made.items()
    assert made["folder"] == "/x"
    assert "trace_id" not in made


def test_log_times_say_their_zone() -> None:
    """Lines of machines in different places can be put in order."""
    assert line(created=0.25, msecs=250.0)["time"] == "1970-01-01T00:00:00.250Z"


def test_a_log_line_stays_one_line() -> None:
    """An exception with its traceback does not break the line."""
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "x", "exc_info": (type(error), error, error.__traceback__)})
    text = JsonFormatter("asr").format(record)
    assert "\n" not in text
    assert "two\nlines" in json.loads(text)["exception"]


def test_a_log_line_knows_its_trace(spans: InMemorySpanExporter) -> None:
    """Inside a span, logs carry its ids; the ids are those that the exporter shows."""
    with tracer().start_as_current_span("asr"):
        made = line()
    (span,) = spans.get_finished_spans()
    assert span.context
    assert made["trace_id"] == f"{span.context.trace_id:032x}"
    assert made["span_id"] == f"{span.context.span_id:016x}"


def test_a_trace_crosses_processes(spans: InMemorySpanExporter) -> None:
    """The traceparent that one process sends makes the next one's span a child of its own."""
    with tracer().start_as_current_span("client"):
        sent = telemetry.traceparent()
    with tracer().start_as_current_span("asr", telemetry.parent_of(sent)):
        pass
    client, asr = spans.get_finished_spans()
    assert asr.parent
    assert client.context
    assert asr.parent.span_id == client.context.span_id
    assert asr.parent.trace_id == client.context.trace_id


def test_garbage_begins_a_new_trace(spans: InMemorySpanExporter) -> None:
    """A malformed traceparent is not an error."""
    with tracer().start_as_current_span("asr", telemetry.parent_of({"traceparent": "00-zz"})):
        pass
    assert spans.get_finished_spans()[0].parent is None


@pytest.mark.parametrize("address", ["", "nowhere", "127.0.0.1:x", "127.0.0.1:99999999"])
def test_a_bad_metrics_address_is_a_sentence(address: str) -> None:
    """What is no free host:port stops the start, with the key's name."""
    if address:
        with pytest.raises(BadConfig, match=r"`telemetry\.metrics`"):
            telemetry.set_up("asr", TelemetryConfig(metrics=address))
    else:
        telemetry.set_up("asr", TelemetryConfig(metrics=address))


@pytest.mark.parametrize(
    ("config", "key"),
    [
        (TelemetryConfig(log_level="LOUD"), "log_level"),
        (TelemetryConfig(traces="/proc/none/x", sample=1.0), "traces"),
        (TelemetryConfig(traces="http://127.0.0.1:1/v1/traces", sample=7.0), "sample"),
        (TelemetryConfig(engine_price=-1.0), "engine_price"),
    ],
)
def test_bad_telemetry_is_a_sentence(config: TelemetryConfig, key: str) -> None:
    """Each key's nonsense stops the start and names the key."""
    with pytest.raises(BadConfig, match=rf"`telemetry\.{key}`"):
        telemetry.set_up("asr", config)


async def test_spans_do_not_leak_between_tasks(spans: InMemorySpanExporter) -> None:
    """Two streams at once have two traces."""

    async def stream() -> str:
        with tracer().start_as_current_span("asr"):
            await asyncio.sleep(0)
            return str(line()["trace_id"])

    assert len(set(await asyncio.gather(stream(), stream()))) == 2


@pytest.mark.parametrize("error", [BadInput("what 'somebody said' is wrong"), KeyError("what somebody said")])
def test_a_span_does_not_say_what_callers_said(spans: InMemorySpanExporter, error: Exception) -> None:
    """Traces go to other people's machines: of an error they have its kind, not its words."""
    with pytest.raises(type(error)), telemetry.span("asr"):
        raise error
    (span,) = spans.get_finished_spans()
    assert "somebody" not in span.to_json()
    assert span.status.description == (error.reason if isinstance(error, BadInput) else "INTERNAL")
    assert span.attributes
    assert span.attributes["exception.type"] == type(error).__name__
