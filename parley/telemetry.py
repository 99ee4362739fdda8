"""Spans, instruments and JSON logs of a process. Must not know a stage.

The edges of a trace, each a test: client -> gateway -> <stage> -> queue, batch; batch -> engine.
"""

import asyncio
import json
import logging
import math
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from parley import traces
from parley.costs import PRICE, Costs
from parley.errors import BadConfig, ParleyError
from parley.redaction import Redaction

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LABELS = ("stage", "model")

QUEUE_WAIT = Histogram("parley_queue_wait_seconds", "Time a job waited for the engine.", _LABELS, buckets=_QUICK)
ENGINE_TIME = Histogram("parley_engine_seconds", "Time the engine took for a batch.", _LABELS, buckets=_QUICK)
BATCH_SIZE = Histogram("parley_batch_size", "Jobs in a batch.", _LABELS, buckets=(1, 2, 4, 8, 16, 32, 64))
QUEUE_DEPTH = Gauge("parley_queue_depth", "Jobs waiting for the engine.", _LABELS)
WORKERS = Gauge("parley_engine_workers", "Batches that the engine works at, at a time; 0: it is closed.", _LABELS)
LOAD_TIME = Gauge("parley_model_load_seconds", "Time that opening the version and warming it up took.", _LABELS)
STREAMS = Gauge("parley_streams", "Streams open now.", _LABELS)
STREAMS_ENDED = Counter("parley_streams_ended", "Streams that ended, by outcome.", (*_LABELS, "outcome"))
# Engine seconds over these are a version's real-time factor.
AUDIO = Counter("parley_audio_seconds", "Sound that streams have sent, in seconds.", _LABELS)
TASKS = Gauge("parley_tasks", "Tasks of the event loop now: they come and go with calls.")
CALLS = Gauge("parley_calls", "Calls open in the gateway now.", ("call",))
CALLS_ENDED = Counter("parley_calls_ended", "Calls that ended in the gateway, by outcome.", ("call", "outcome"))
CALL_TIME = Histogram(
    "parley_call_seconds",
    "From a call's admission to its end, in the gateway; a live stream's is as long as somebody talks.",
    ("call",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
QUALITY = Gauge(
    "parley_quality",
    "Of what is served: as the stage judges it, or on recordings whose right answer is known.",
    (*_LABELS, "measure"),
)
NOTICES = Counter("parley_notices", "Times a pipeline went on without a stage.", ("stage", "reason"))

LONGEST = 16_000  # characters of one value in a log
_propagator = TraceContextTextMapPropagator()


@dataclass(frozen=True)
class TelemetryConfig:
    """What a process tells about itself, and where."""

    traces: str = ""  # off; or an OTLP endpoint (http://…/v1/traces); or a file of JSON lines
    sample: float = 1.0  # share of the traces begun here that are kept; a caller's own choice is obeyed
    metrics: str = ""  # off; or host:port for Prometheus
    log_level: str = "INFO"
    engine_price: float = 0.0  # of an hour of one engine, of a core or of a GPU, in your currency: docs/cost.md


def set_up(process: str, config: TelemetryConfig, secrets: Iterable[str] = ()) -> None:
    """Once, at the start of a process; its logs say none of the secrets."""
    _check(config)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(process, secrets))
    logging.basicConfig(level=config.log_level.upper(), handlers=[handler], force=True)
    traces.start(process, config.traces, config.sample)
    PRICE.labels(process).set(config.engine_price)
    if config.metrics:
        _start_metrics(config.metrics)


def _check(config: TelemetryConfig) -> None:
    if config.log_level.upper() not in logging.getLevelNamesMapping():
        raise BadConfig(f"`telemetry.log_level` is {config.log_level!r}; write DEBUG, INFO, WARNING or ERROR.")
    if not 0 <= config.engine_price < math.inf:
        raise BadConfig(f"`telemetry.engine_price` is {config.engine_price}; write what an hour of one engine costs.")
    if not 0 <= config.sample <= 1:
        raise BadConfig(f"`telemetry.sample` is {config.sample}; write a share from 0 to 1.")


def _start_metrics(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        start_http_server(int(port), host)
    except (OSError, ValueError, OverflowError) as error:
        raise BadConfig(
            f"`telemetry.metrics` cannot listen on {address!r} ({error}); write a free host:port."
        ) from None


def watch_tasks() -> None:
    """Count the tasks of the running loop whenever somebody looks."""
    loop = asyncio.get_running_loop()
    TASKS.set_function(lambda: len(asyncio.all_tasks(loop)))


def tracer() -> trace.Tracer:
    """The process's tracer; it does nothing where tracing is off."""
    return trace.get_tracer("parley")


@contextmanager
def span(name: str, parent: Context | None = None) -> Iterator[trace.Span]:
    """A span that says of an error what kind it is and no more: messages quote what callers sent."""
    with tracer().start_as_current_span(name, parent, record_exception=False, set_status_on_exception=False) as current:
        try:
            yield current
        except Exception as error:
            failed(current, error)
            raise


def failed(current: trace.Span, error: Exception) -> None:
    """Marks a span by an error's reason, and by the report that the log explains."""
    reason = error.reason if isinstance(error, ParleyError) else ParleyError.reason
    current.set_status(trace.StatusCode.ERROR, reason)
    current.set_attribute("exception.type", type(error).__name__)
    if report := getattr(error, "report", ""):
        current.set_attribute("parley.report", report)


def parent_of(metadata: Mapping[str, str]) -> Context:
    """The caller's span, from its traceparent."""
    return _propagator.extract(metadata)


def traceparent() -> dict[str, str]:
    """The current span, as headers for the next process."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier


def exemplar(context: Context | None = None) -> dict[str, str] | None:
    """The trace id to attach to a metric as an OpenMetrics exemplar; None where the trace is not recorded."""
    span = trace.get_current_span(context)
    return {"trace_id": f"{span.get_span_context().trace_id:032x}"} if span.is_recording() else None


class Moment(NamedTuple):
    """When something happened: on the clock that never jumps, and on the one that traces show."""

    at: float
    wall_ns: int

    @classmethod
    def now(cls) -> "Moment":
        """This moment on both clocks."""
        return cls(time.monotonic(), time.time_ns())


def spread(histogram: Histogram, *labels: str) -> tuple[list[float], list[int]]:
    """Its bounds, and how often something was within each and beyond the one before."""
    wanted = dict(zip(_LABELS, labels, strict=True))
    samples = [each for metric in histogram.collect() for each in metric.samples if each.name.endswith("_bucket")]
    upto = [(float(each.labels["le"]), each.value) for each in samples if wanted.items() <= each.labels.items()]
    counts = [int(count) for _, count in upto]
    return [bound for bound, _ in upto[:-1]], [now - before for before, now in pairwise((0, *counts))]


class Meter:
    """Writes down what a model's batches cost."""

    def __init__(self, stage: str, model: str) -> None:
        self.model = model
        # Looked up once: finding a metric by its labels takes longer than counting.
        self._size, self._engine = BATCH_SIZE.labels(stage, model), ENGINE_TIME.labels(stage, model)
        self._wait, self._depth = QUEUE_WAIT.labels(stage, model), QUEUE_DEPTH.labels(stage, model)
        self._costs = Costs(stage, model)
        self._workers, self._load = WORKERS.labels(stage, model), LOAD_TIME.labels(stage, model)

    def batch(self, queued: Sequence[tuple[Context, Moment]], began: Moment, engine: tuple[Moment, Moment]) -> None:
        """One batch is done: every member's wait, the size, the engine's time, and a span for each."""
        self._size.observe(len(queued))
        exemplars = [exemplar(context) for context, _ in queued]
        engine_s = engine[1].at - engine[0].at
        self._engine.observe(engine_s, next(filter(None, exemplars), None))
        for (context, joined), each in zip(queued, exemplars, strict=True):
            self._wait.observe(began.at - joined.at, each)
            self._costs.spent(context, engine_s / len(queued))
            if each:
                self._spans(context, joined, began, engine, len(queued))

    def _spans(self, context: Context, joined: Moment, began: Moment, engine: tuple[Moment, Moment], size: int) -> None:
        draw = tracer()
        draw.start_span("queue", context, start_time=joined.wall_ns).end(began.wall_ns)
        facts: dict[str, str | int] = {"parley.batch_size": size, "parley.model": self.model}
        batch = draw.start_span("batch", context, start_time=began.wall_ns, attributes=facts)
        inside = trace.set_span_in_context(batch, context)
        draw.start_span("engine", inside, start_time=engine[0].wall_ns).end(engine[1].wall_ns)
        batch.end(Moment.now().wall_ns)

    def loaded(self, seconds: float) -> None:
        """So long it took until the version could serve."""
        self._load.set(seconds)

    def workers(self, number: int) -> None:
        """How many batches the engine works at."""
        self._workers.set(number)

    def watch(self, queue: Sized) -> None:
        """Say how many jobs wait in this queue whenever somebody looks."""
        self._depth.set_function(lambda: len(queue))


_PLAIN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the trace it belongs to."""

    def __init__(self, process: str, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._process, self._redaction = process, Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """What was said, by whom, in which trace."""
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            line |= {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"}
        line |= {key: value for key, value in vars(record).items() if key not in _PLAIN}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({key: self._shown(value) for key, value in line.items()}, ensure_ascii=False)

    def _shown(self, value: object) -> object:
        """Without secrets, and no longer than somebody reads: much of it is what callers sent."""
        if value is None or isinstance(value, bool | int | float):
            return value
        text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
        shown = self._redaction.of(text)
        if len(shown) > LONGEST:
            return f"{shown[: LONGEST // 2]}…{shown[-LONGEST // 2 :]}"
        return shown if isinstance(value, str) or shown != text else json.loads(text)


@contextmanager
def counted(call: str) -> Iterator[None]:
    """Counts one call, how it ends and how long it takes."""
    CALLS.labels(call).inc()
    outcome, began = "cancelled", time.monotonic()
    try:
        yield
        outcome = "ok"
    except Exception as error:
        outcome = error.reason if isinstance(error, ParleyError) else ParleyError.reason
        raise
    finally:
        CALLS.labels(call).dec()
        CALLS_ENDED.labels(call, outcome).inc()
        CALL_TIME.labels(call).observe(time.monotonic() - began, exemplar())
