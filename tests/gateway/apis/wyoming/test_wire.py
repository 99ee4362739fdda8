"""Events as bytes, and back."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.apis.wyoming import wire
from gateway.apis.wyoming.wire import Event
from parley.errors import BadInput, ChunkTooLarge
from tests.gateway.apis.test_fuzz import mutated


async def events(data: bytes, limit: int = wire.LONGEST_JSON) -> list[Event]:
    reader = asyncio.StreamReader(limit=limit)
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while (event := await wire.read(reader)) is not None:
        found.append(event)
    return found


async def test_data_lies_in_the_line_or_behind_it() -> None:
    """The library writes it apart; what is behind goes before what is in the line."""
    behind = b'{"rate": 16000, "width": 2}'
    line = {"type": "audio-chunk", "data": {"rate": 8000, "channels": 1}, "data_length": len(behind)}
    whole = json.dumps(line | {"payload_length": 4}).encode() + b"\n" + behind + b"abcd" + b'{"type": "audio-stop"}\n'
    chunk, stop = await events(whole)
    assert chunk == Event("audio-chunk", {"rate": 16000, "channels": 1, "width": 2}, b"abcd")
    assert stop == Event("audio-stop")


@given(st.text(min_size=1), st.dictionaries(st.text(), st.text() | st.integers(), max_size=4), st.binary(max_size=99))
async def test_what_is_written_is_read(kind: str, data: dict[str, Any], payload: bytes) -> None:
    """Any number of events behind each other."""
    try:
        json.dumps([kind, data], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    event = Event(kind, data, payload)
    assert await events(wire.written(event) * 2) == [event, event]


@pytest.mark.parametrize(
    "data",
    [
        b"hello\n", b"[]\n", b"{}\n", b'{"type": 5}\n', b'{"type": "a", "data": []}\n', b"\xff\n",
        b'{"type": "a", "payload_length": -1}\n', b'{"type": "a", "payload_length": "9"}\n',
        b'{"type": "a", "data_length": true}\n', b'{"type": "a", "data_length": 3}\n[1]', b'{"type": "a"}',
        b'{"type": "a", "payload_length": 9}\nabc', b'{"type": "a", "data_length": 9}\n{}',
    ],
)  # fmt: skip
async def test_what_is_no_event_is_refused(data: bytes) -> None:
    """With a sentence."""
    with pytest.raises(BadInput):
        await events(data)


@pytest.mark.parametrize(
    "data",
    [b'{"type": "a", "payload_length": 1048577}\n', b'{"type": "a", "data_length": 65537}\n', b'{"' + b"x" * 70_000],
)
async def test_an_event_is_bounded(data: bytes) -> None:
    """Before it is read."""
    with pytest.raises(ChunkTooLarge):
        await events(data)


SOUND = wire.written(Event("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, bytes(40)))


@given(mutated(wire.written(Event("transcribe", {"language": "en"})) + SOUND + SOUND))
async def test_bytes_that_something_happened_to(data: bytes) -> None:
    """Events, or a refusal that the client can mend."""
    with suppress(BadInput):
        assert all(len(event.payload) <= len(data) for event in await events(data))
