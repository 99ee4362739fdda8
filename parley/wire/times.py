"""Times in events, moved. Must not know what an event says."""

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.duration_pb2 import Duration

from parley.v1.audio_pb2 import Interval

INTERVAL, DURATION = Interval.DESCRIPTOR.full_name, Duration.DESCRIPTOR.full_name


def shift(event: Any, nanoseconds: int) -> None:
    """Move every time in an event by so much."""
    move(event, lambda at_ns: at_ns + nanoseconds)


def move(event: Any, moved: Callable[[int], int]) -> None:
    """Move every time in an event, in nanoseconds: intervals, and moments called `at`."""
    for moment in _moments(event):
        moment.FromNanoseconds(moved(moment.ToNanoseconds()))


def _moments(event: Any) -> Iterator[Duration]:
    if event.DESCRIPTOR.full_name == INTERVAL:
        yield from (event.start, event.end)
        return
    for field in event.DESCRIPTOR.fields:
        kind = field.message_type
        if kind is None or kind.GetOptions().map_entry:
            continue
        value = getattr(event, field.name)
        if field.is_repeated:
            yield from (moment for each in value for moment in _moments(each))
        elif kind.full_name == DURATION:
            yield from (value,) if field.name == "at" else ()
        elif kind.full_name == INTERVAL or event.HasField(field.name):
            yield from _moments(value)
