"""A stream's own trace, from every process that worked on it. Must not know HTTP."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from google.protobuf.message import DecodeError

from gateway.replicas.replica import Replica
from gateway.routing.switchboard import Switchboard
from parley import traces
from parley.v1.traces_pb2 import TracesGetRequest, TracesGetResponse, TraceSpan

GET, TIMEOUT_S = "/parley.v1.Traces/Get", 2.0
Spans = Sequence[Mapping[str, object]]


async def of(board: Switchboard, trace_id: str) -> list[Mapping[str, object]]:
    """The spans that are kept, here and in every replica that answers."""
    ours = [{"process": "gateway", **vars(span)} for span in traces.KEPT.of(trace_id)]
    replicas = [(stage, replica) for stage, upstream in board.upstreams.items() for replica in upstream.replicas]
    found = await asyncio.gather(*(_kept(stage, replica, trace_id) for stage, replica in replicas))
    return ours + [span for spans in found for span in spans]


async def _kept(stage: str, replica: Replica, trace_id: str) -> Spans:
    answer = await replica.ask(GET, TracesGetRequest(trace_id=trace_id).SerializeToString(), TIMEOUT_S)
    spans: Sequence[TraceSpan] = ()
    with suppress(DecodeError):  # no service of ours
        spans = TracesGetResponse.FromString(answer or b"").spans
    return [
        {"process": stage, "name": span.name, "id": span.id, "parent": span.parent}
        | {"start_ns": span.start_ns, "end_ns": span.end_ns, "attributes": dict(span.attributes)}
        for span in spans
    ]
