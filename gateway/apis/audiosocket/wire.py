"""AudioSocket's frames as bytes: a kind, a length, a payload. Must not know what is done with them."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from parley.errors import BadInput, PartialSample, UnsupportedFormat
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat

HANG_UP, NAME, DIGIT, ERROR = 0x00, 0x01, 0x03, 0xFF
RATES_HZ = {
    0x10: 8_000, 0x11: 12_000, 0x12: 16_000, 0x13: 24_000, 0x14: 32_000, 0x15: 44_100, 0x16: 48_000, 0x17: 96_000,
    0x18: 192_000,
}  # fmt: skip
HIGHEST_HZ = 48_000
HEAD = 3  # bytes
LONGEST = HEAD + 0xFFFF


@dataclass(frozen=True)
class Frame:
    """One message of either side."""

    kind: int
    payload: bytes = b""


async def read(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None: the connection has ended, perhaps within one, as it does when somebody hangs up."""
    try:
        kind, *length = await reader.readexactly(HEAD)
        return Frame(kind, await reader.readexactly(int.from_bytes(bytes(length), "big")))
    except asyncio.IncompleteReadError:
        return None


def written(frame: Frame) -> bytes:
    """A frame as Asterisk writes it."""
    return bytes([frame.kind]) + len(frame.payload).to_bytes(2, "big") + frame.payload


def name_of(frame: Frame) -> str:
    """The call's UUID as people write it."""
    if len(frame.payload) != 16:
        raise BadInput(f"The UUID has {len(frame.payload)} bytes; send its 16.")
    return str(UUID(bytes=frame.payload))


def form_of(frame: Frame) -> AudioFormat:
    """What the samples of a frame of sound are, which must be whole."""
    if (rate_hz := RATES_HZ.get(frame.kind)) is None:
        raise BadInput(f"The kind 0x{frame.kind:02x} is not known; there are 0x00, 0x01, 0x03, 0x10 to 0x18 and 0xff.")
    if rate_hz > HIGHEST_HZ:
        raise UnsupportedFormat(f"{rate_hz} Hz are not taken; let Asterisk send {HIGHEST_HZ} Hz or fewer.")
    if len(frame.payload) % 2:
        raise PartialSample(f"{len(frame.payload)} bytes are not whole samples of 2 bytes; cut between samples.")
    return AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_S16LE, sample_rate_hz=rate_hz, channels=1)


def digit_of(frame: Frame) -> str:
    """The key of a keypad."""
    if len(frame.payload) != 1 or not frame.payload.isascii() or not frame.payload.decode().isprintable():
        raise BadInput(f"A key is one letter in ASCII; {len(frame.payload)} bytes came.")
    return frame.payload.decode()
