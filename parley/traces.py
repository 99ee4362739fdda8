"""Starts tracing in a process, and keeps the last spans of traces that a caller asks to see. Must not know a stage.

Whoever wants to see a stream's own trace sends a `traceparent`, sampled, and `tracestate: parley=keep`. Such traces are
kept in memory, few and for a short while, also where nothing is exported; all others are as cheap as without tracing.
"""

import re
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, ParentBasedTraceIdRatio, Sampler, SamplingResult
from opentelemetry.util.types import Attributes

from parley.errors import BadConfig

KEY, KEEP = "parley", "keep"  # in a tracestate
MOST_TRACES, MOST_SPANS = 32, 2000  # the oldest go
HEXADECIMAL = re.compile(r"[0-9a-f]{32}")
SHOWN = ("parley.model", "parley.batch_size")  # attributes


@dataclass(frozen=True)
class KeptSpan:
    """One span, without what only exporters need."""

    name: str
    id: str
    parent: str  # empty: none
    start_ns: int
    end_ns: int
    attributes: Mapping[str, str]


class KeptTraces(SpanProcessor):
    """The spans of this process, by trace."""

    def __init__(self) -> None:
        self._traces: OrderedDict[int, deque[KeptSpan]] = OrderedDict()

    def on_end(self, span: ReadableSpan) -> None:
        """Keep it, if its trace is to be kept."""
        context = span.get_span_context()
        if context is None or not _is_wanted(context):
            return
        if context.trace_id not in self._traces and len(self._traces) == MOST_TRACES:
            self._traces.popitem(last=False)
        self._traces.setdefault(context.trace_id, deque(maxlen=MOST_SPANS)).append(_kept(span, context))

    def of(self, trace_id: str) -> Sequence[KeptSpan]:
        """What is kept of a trace; nothing of one that is not known."""
        return tuple(self._traces.get(int(trace_id, 16), ())) if HEXADECIMAL.fullmatch(trace_id) else ()


KEPT = KeptTraces()


class Wanted(Sampler):
    """Records what a caller wants to see; otherwise as another sampler says."""

    def __init__(self, otherwise: Sampler) -> None:
        self._otherwise = otherwise

    def should_sample(  # the SDK's own arguments
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: trace.SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[trace.Link] | None = None,
        trace_state: trace.TraceState | None = None,
    ) -> SamplingResult:
        """By the parent's flag and tracestate, which its children inherit."""
        parent = trace.get_current_span(parent_context).get_span_context()
        if _is_wanted(parent) and parent.trace_flags.sampled:
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, parent.trace_state)
        return self._otherwise.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """For people."""
        return f"wanted, else {self._otherwise.get_description()}"


def start(process: str, target: str, sample: float) -> None:
    """Once a process. Without a target nothing but what callers want to see is recorded."""
    sampler = ParentBasedTraceIdRatio(sample) if target else ALWAYS_OFF
    provider = TracerProvider(sampler=Wanted(sampler), resource=Resource.create({"service.name": process}))
    provider.add_span_processor(KEPT)
    if target:
        provider.add_span_processor(BatchSpanProcessor(_exporter(target), schedule_delay_millis=500))
    trace.set_tracer_provider(provider)


def _is_wanted(context: trace.SpanContext) -> bool:
    return context.trace_state.get(KEY) == KEEP


def _kept(span: ReadableSpan, context: trace.SpanContext) -> KeptSpan:
    attributes = {name: str(value) for name, value in (span.attributes or {}).items() if name in SHOWN}
    parent = f"{span.parent.span_id:016x}" if span.parent else ""
    return KeptSpan(span.name, f"{context.span_id:016x}", parent, span.start_time or 0, span.end_time or 0, attributes)


def _exporter(target: str) -> SpanExporter:
    if target.startswith(("http://", "https://")):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # slow to import

        return OTLPSpanExporter(target)
    path = Path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.open("a", buffering=1)
    except OSError as error:
        raise BadConfig(f"`telemetry.traces` cannot write {target} ({error.strerror}); name another file.") from None
    return ConsoleSpanExporter(out=lines, formatter=lambda span: span.to_json(indent=None) + "\n")
