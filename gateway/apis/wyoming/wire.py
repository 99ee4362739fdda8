"""Wyoming's events as bytes: a line of JSON, more JSON, then the sound. Bounded. Must not know what events mean."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.apis.tcp import Cut
from gateway.config import LARGEST_CHUNK
from gateway.http import transcode
from parley.errors import BadInput, ChunkTooLarge

LONGEST_JSON = 1 << 16  # bytes of an event's line, and of the data behind it


@dataclass(frozen=True)
class Event:
    """One message of either side."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


async def read(reader: asyncio.StreamReader) -> Event | None:
    """The next event; None: there are no more. The reader's own limit must be LONGEST_JSON."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        raise ChunkTooLarge(f"An event's line is too long; send at most {LONGEST_JSON} bytes.") from None
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise _cut() from None
        return None
    head = transcode.object_of(line, "event")
    kind, data = head.get("type"), head.get("data", {})
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise BadInput("An event has a `type`, which is a string, and perhaps `data`, which is an object.")
    if length := _length(head, "data_length", LONGEST_JSON):
        data = data | transcode.object_of(await _exactly(reader, length), "event's data")
    return Event(kind, data, await _exactly(reader, _length(head, "payload_length", LARGEST_CHUNK)))


def _length(head: Mapping[str, object], name: str, most: int) -> int:
    value = head.get(name) or 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadInput(f"`{name}` is {value!r}; give a whole number of bytes.")
    if value > most:
        raise ChunkTooLarge(f"`{name}` is {value}; send at most {most} bytes.")
    return value


async def _exactly(reader: asyncio.StreamReader, length: int) -> bytes:
    try:
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        raise _cut() from None


def _cut() -> Cut:
    return Cut("The connection ended in the middle of an event.")


def written(event: Event) -> bytes:
    """An event as its library writes it."""
    data = json.dumps(event.data, ensure_ascii=False).encode() if event.data else b""
    head: dict[str, object] = {"type": event.type, "version": "1.0.0"}
    head |= {"data_length": len(data)} if data else {}
    head |= {"payload_length": len(event.payload)} if event.payload else {}
    return json.dumps(head).encode() + b"\n" + data + event.payload
