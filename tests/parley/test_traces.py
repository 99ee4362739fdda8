"""The traces that callers ask to see."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from parley import telemetry
from parley.traces import MOST_SPANS, MOST_TRACES, KeptTraces, Wanted

ID = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def kept() -> KeptTraces:
    return KeptTraces()


@pytest.fixture
def tracer(kept: KeptTraces) -> trace.Tracer:
    """Of a process that exports nothing."""
    provider = TracerProvider(sampler=Wanted(ALWAYS_OFF))
    provider.add_span_processor(kept)
    return provider.get_tracer("test")


def asked(number: int | str = ID, flag: str = "01", state: str = "parley=keep") -> dict[str, str]:
    trace_id = number if isinstance(number, str) else f"{number:032x}"
    return {"traceparent": f"00-{trace_id}-b7ad6b7169203331-{flag}", "tracestate": state}


def test_what_a_caller_wants_to_see_is_kept(kept: KeptTraces, tracer: trace.Tracer) -> None:
    """Each span with its parent, also of spans that only inherit the wish."""
    parent = telemetry.parent_of(asked())
    with tracer.start_as_current_span("asr", parent):
        tracer.start_span("queue", attributes={"parley.model": "tiny@1", "secret": "x"}).end()
    queue, asr = kept.of(ID)
    assert (queue.name, queue.parent, queue.attributes) == ("queue", asr.id, {"parley.model": "tiny@1"})
    assert (asr.name, asr.parent) == ("asr", "b7ad6b7169203331")
    assert asr.start_ns <= queue.start_ns <= queue.end_ns <= asr.end_ns


@pytest.mark.parametrize(("flag", "state"), [("00", "parley=keep"), ("01", ""), ("01", "parley=other")])
def test_nothing_else_is_recorded(kept: KeptTraces, tracer: trace.Tracer, flag: str, state: str) -> None:
    """A trace of somebody who does not ask costs nothing, whatever it says of sampling."""
    with tracer.start_as_current_span("asr", telemetry.parent_of(asked(flag=flag, state=state))) as span:
        assert not span.is_recording()
    assert kept.of(ID) == ()


def test_callers_cannot_fill_the_memory(kept: KeptTraces, tracer: trace.Tracer) -> None:
    """Of many traces the last are kept, of a long one the last spans."""
    for number in range(1, MOST_TRACES + 2):
        tracer.start_span("asr", telemetry.parent_of(asked(number))).end()
    assert kept.of(f"{1:032x}") == ()
    assert len(kept.of(f"{2:032x}")) == 1
    for _ in range(MOST_SPANS + 1):
        tracer.start_span("queue", telemetry.parent_of(asked(2))).end()
    assert len(kept.of(f"{2:032x}")) == MOST_SPANS


@pytest.mark.parametrize("name", ["", "x", "\ud800", "0" * 31, "0" * 33, ID.upper()])
def test_a_trace_that_is_none_has_no_spans(kept: KeptTraces, name: str) -> None:
    """Whatever is asked for."""
    assert kept.of(name) == ()
