"""Twilio's messages, as it documents them, and others."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given

from gateway.apis.twilio import messages
from gateway.apis.twilio.messages import Digit, Media, Plain, Start
from parley.errors import BadInput, ChunkTooLarge
from tests.gateway.apis.test_fuzz import mutated
from tests.gateway.apis.test_garbage import GARBAGE, spoilt

FORM = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
BEGUN: dict[str, Any] = {"accountSid": "AC1", "streamSid": "MZ1", "callSid": "CA1", "tracks": ["inbound", "outbound"]}
BEGUN |= {"mediaFormat": FORM, "customParameters": {"language": "en"}}
SOUND = {"track": "outbound", "chunk": "1", "timestamp": "5", "payload": base64.b64encode(b"abc").decode()}


def frame(event: str, **part: Any) -> str:
    return json.dumps({"event": event, "sequenceNumber": "2", event: part, "streamSid": "MZ1"})


def test_messages_as_twilio_documents_them() -> None:
    """What counts of each."""
    assert messages.read(frame("start", **BEGUN)) == Start("CA1", "MZ1", ("inbound", "outbound"), {"language": "en"})
    assert messages.read(frame("media", **SOUND)) == Media("outbound", 5, b"abc")
    assert messages.read(frame("dtmf", track="inbound_track", digit="#")) == Digit("inbound", "#")
    for event in ("stop", "mark", "strange"):
        assert messages.read(frame(event, name="x")) == Plain(event)
    assert messages.read('{"event": "connected", "protocol": "Call", "version": "1.0.0"}') == Plain("connected")


@pytest.mark.parametrize(
    ("sent", "right"),
    [
        (b"\xff" * 160, "are text"),
        ("hello", "not JSON"),
        ("[]", "must be a JSON object"),
        ('{"event": 5}', "`event` must be a string"),
        ('{"event": "media", "media": []}', "`media` must be an object"),
        (frame("media", **SOUND | {"payload": "a sentence, no sound"}), "not base64"),
        (frame("media", **SOUND | {"payload": 5}), "must be a string"),
        (frame("media", **SOUND | {"track": "both"}), "say inbound or outbound"),
        (frame("media", **SOUND | {"timestamp": "-1"}), "give milliseconds"),
        (frame("media", **SOUND | {"timestamp": "9" * 5000}), "give milliseconds"),
        (frame("media", **SOUND | {"timestamp": 1.5}), "give milliseconds"),
        (frame("start", **BEGUN | {"mediaFormat": FORM | {"encoding": "audio/opus"}}), "and that is taken"),
        (frame("start", **BEGUN | {"callSid": "../x"}), "up to 64 letters"),
        (frame("start", **BEGUN | {"tracks": [{}]}), "give a list"),
        (frame("start", **BEGUN | {"customParameters": "x"}), "must be an object"),
        (frame("dtmf", digit="17"), "a keypad has"),
    ],
)
def test_what_is_none_is_refused_with_what_would_be_right(sent: str | bytes, right: str) -> None:
    """Sound where text is due, text where sound is, other encodings."""
    with pytest.raises(BadInput, match=right):
        messages.read(sent)


def test_a_message_is_bounded() -> None:
    """Before it is read."""
    with pytest.raises(ChunkTooLarge):
        messages.read(frame("media", **SOUND | {"payload": "A" * messages.LONGEST}))


@given(mutated(frame("start", **BEGUN).encode()) | mutated(frame("media", **SOUND).encode()))
def test_messages_that_something_happened_to(data: bytes) -> None:
    """A message, or a refusal that its sender can mend."""
    with suppress(BadInput):
        messages.read(data.decode(errors="replace"))


@pytest.mark.parametrize("event", ["start", "media", "dtmf"])
def test_no_field_of_a_message_breaks_its_reader(event: str) -> None:
    """Values of a wrong kind in each: read, or refused with a sentence."""
    part = {"start": BEGUN, "media": SOUND, "dtmf": {"track": "inbound_track", "digit": "1"}}[event]
    for name in (*part, "unknown"):
        for garbage in GARBAGE:
            with suppress(BadInput):
                messages.read(f'{{"event": "{event}", "{event}": {spoilt(part, name, garbage)}}}')
