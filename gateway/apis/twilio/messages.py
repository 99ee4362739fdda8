"""What Twilio says on a media stream: frames -> messages, bounded. Pure; must not know a socket or what is done."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.http import transcode
from parley.errors import BadInput, ChunkTooLarge, FieldInvalid, UnsupportedFormat

LONGEST = 1 << 16  # letters of a message: eight seconds of sound, and Twilio sends 20 ms
LATEST_MS = 7 * 86_400_000  # of a call; no call is as long
TRACKS = ("inbound", "outbound")
FORM = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
NAME = re.compile(r"[\w.-]{1,64}")
DIGITS = frozenset("0123456789ABCD*#")


@dataclass(frozen=True)
class Start:
    """The stream begins."""

    call: str
    stream: str
    tracks: tuple[str, ...]
    parameters: Mapping[str, object]


@dataclass(frozen=True)
class Media:
    """Sound of one side."""

    track: str
    at_ms: int | None  # from the stream's beginning
    data: bytes


@dataclass(frozen=True)
class Digit:
    """Somebody presses a key."""

    track: str
    digit: str


@dataclass(frozen=True)
class Plain:
    """A message of which only its name counts: connected, stop, mark, or one that is not known."""

    event: str


Message = Start | Media | Digit | Plain


def read(frame: str | bytes) -> Message:
    """A frame of the socket."""
    if isinstance(frame, bytes):
        raise BadInput(
            f"{len(frame)} bytes came as a binary frame; Twilio's messages are text, sound in them as base64."
        )
    if len(frame) > LONGEST:
        raise ChunkTooLarge(f"A message of {len(frame)} letters is too large; send at most {LONGEST}.")
    said = transcode.object_of(frame, "message")
    event = _text(said, "event")
    reader = _READERS.get(event)
    return reader(_part(said, event)) if reader else Plain(event)


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = said.get(name, {})
    if not isinstance(part, dict):
        raise FieldInvalid(f"`{name}` must be an object.", field=name)
    return part


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise FieldInvalid(f"`{name}` must be a string.", field=name)
    return value


def _named(said: Mapping[str, Any], name: str) -> str:
    value = _text(said, name)
    if not NAME.fullmatch(value):
        raise FieldInvalid(f"`start.{name}` is {value[:80]!r}; give up to 64 letters, digits, _, . and -.", field=name)
    return value


def _start(said: Mapping[str, Any]) -> Start:
    if (form := said.get("mediaFormat", FORM)) != FORM:
        given = str(form)[:200]
        raise UnsupportedFormat(f"`start.mediaFormat` is {given}; Twilio sends {FORM}, and that is taken.")
    tracks = said.get("tracks") or ["inbound"]
    if not isinstance(tracks, list) or not all(track in TRACKS for track in tracks):
        wanted = f"give a list of {' and '.join(TRACKS)}"
        raise FieldInvalid(f"`start.tracks` is {str(tracks)[:80]}; {wanted}.", field="tracks")
    parameters = _part(said, "customParameters")
    return Start(_named(said, "callSid"), _named(said, "streamSid"), tuple(dict.fromkeys(tracks)), parameters)


def _media(said: Mapping[str, Any]) -> Media:
    try:
        data = base64.b64decode(_text(said, "payload"), validate=True)
    except (binascii.Error, ValueError):
        raise FieldInvalid("`media.payload` is not base64; send mu-law sound in it.", field="payload") from None
    return Media(_track(said), _milliseconds(said.get("timestamp")), data)


def _track(said: Mapping[str, Any]) -> str:
    track = (_text(said, "track") or TRACKS[0]).removesuffix("_track")
    if track not in TRACKS:
        raise FieldInvalid(f"`track` is {track[:40]!r}; say {' or '.join(TRACKS)}.", field="track")
    return track


def _milliseconds(value: object) -> int | None:
    """Twilio writes it as a string."""
    if value is None:
        return None
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) <= LATEST_MS):
        wanted = "give milliseconds from the stream's beginning, within a week"
        raise FieldInvalid(f"`media.timestamp` is {str(value)[:40]!r}; {wanted}.", field="timestamp")
    return int(text)


def _digit(said: Mapping[str, Any]) -> Digit:
    if (digit := _text(said, "digit")) not in DIGITS:
        raise FieldInvalid(f"`dtmf.digit` is {digit[:40]!r}; a keypad has {''.join(sorted(DIGITS))}.", field="digit")
    return Digit(_track(said), digit)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Message]] = {"start": _start, "media": _media, "dtmf": _digit}
