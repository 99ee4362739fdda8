"""Messages as JSON and as plain values. Must not know where they come from."""

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.message import Message


def print_json(value: object) -> None:
    """One JSON document on one line, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_line(text: str) -> None:
    """One line, at once: whoever reads a pipe waits for it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def plain(message: "Message") -> dict[str, Any]:
    """A message as JSON has it, with the names of the protos."""
    # Late, because `parley --help` need not know protobuf.
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message, preserving_proto_field_name=True)


def seconds(duration: Any) -> float:
    """A Duration as a number."""
    return float(round(duration.seconds + duration.nanos / 1e9, 3))


def times(interval: Any) -> dict[str, float]:
    """An Interval as two numbers."""
    return {"start_s": seconds(interval.start), "end_s": seconds(interval.end)}
