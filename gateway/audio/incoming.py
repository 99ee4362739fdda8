"""A caller's bytes -> a format and whole samples, with or without a file's header. Must not know numpy or an API."""

import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass

from gateway.access.upload_memory import Reservation
from gateway.audio import recording
from gateway.audio.containers import Unpacking
from gateway.config import Limits
from parley.errors import UndecodableMedia, UploadTooLarge
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat

PIECE = 1 << 16  # bytes
LONGEST_HEADER = 1 << 16
ENDLESS = 0x7FFF0000  # a WAV that claims more, or nothing, was written before its length was known
UNPACKING = 4 << 20  # what a decoder and its thread hold, about
MAGIC = (b"fLaC", b"OggS", b"\x1aE\xdf\xa3")
ENCODINGS = {
    (1, 16): AudioEncoding.AUDIO_ENCODING_PCM_S16LE,
    (3, 32): AudioEncoding.AUDIO_ENCODING_PCM_F32LE,
    (6, 8): AudioEncoding.AUDIO_ENCODING_ALAW,
    (7, 8): AudioEncoding.AUDIO_ENCODING_MULAW,
}
WIDTHS = {
    AudioEncoding.AUDIO_ENCODING_PCM_F32LE: 4,
    AudioEncoding.AUDIO_ENCODING_ALAW: 1,
    AudioEncoding.AUDIO_ENCODING_MULAW: 1,
}
EXTENSIBLE = 0xFFFE
Chunks = AsyncIterator[bytes]


@dataclass(frozen=True)
class Header:
    """A WAV file's header: `form` is None where the samples need a decoder."""

    form: AudioFormat | None
    start: int = 0
    length: int = 0  # of the samples, in bytes; 0: until the end


def frame_bytes(form: AudioFormat) -> int:
    """Bytes of one sample of every channel."""
    return WIDTHS.get(form.encoding, 2) * (form.channels or 1)


async def listen(
    chunks: Chunks, form: AudioFormat | None, limits: Limits, reservation: Reservation, *, mixed: bool = True
) -> tuple[AudioFormat, Chunks]:
    """The audio's format, and its samples as they come; if no format is given it must be a file.

    A decoder mixes a file's channels, unless each is wanted; bare samples are as they are.
    """
    begun = bytearray()
    async for chunk in chunks:
        begun += chunk
        if len(begun) < 12:
            continue
        if begun.startswith(MAGIC):
            return await _unpacked(begun, chunks, limits, reservation, mixed)
        if (header := _header(bytes(begun), form)) is not None:
            if header.form is None:
                return await _decoded(begun, chunks, limits, reservation, mixed)
            return header.form, _samples(begun[header.start :], chunks, header)
    if begun and (form is None or begun[:4] == b"RIFF"):
        return await _decoded(begun, chunks, limits, reservation, mixed)
    return form or AudioFormat(), _samples(begun, chunks, Header(form or AudioFormat()))


def _header(begun: bytes, form: AudioFormat | None) -> Header | None:
    """The header; None while it is incomplete."""
    if begun[:4] == b"RIFF" and begun[8:12] == b"WAVE":
        return _wav(begun)
    return Header(form)


def _wav(begun: bytes) -> Header | None:
    at, form = 12, None
    while at + 8 <= len(begun):
        name, size = struct.unpack_from("<4sI", begun, at)
        if name == b"data":
            return Header(form, at + 8, 0 if size >= ENDLESS else size)
        if name == b"fmt " and at + 8 + size <= len(begun):
            form = _form(begun[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    if at > LONGEST_HEADER:
        raise UndecodableMedia("The WAV header has no end; send a fmt chunk, then the data chunk.")
    return None


def _form(chunk: bytes) -> AudioFormat | None:
    if len(chunk) < 16:
        raise UndecodableMedia("The WAV header is cut short; send a whole fmt chunk.")
    tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    encoding = ENCODINGS.get((tag, bits))
    return None if encoding is None else AudioFormat(encoding=encoding, sample_rate_hz=rate_hz, channels=channels)


async def _samples(begun: bytearray, chunks: Chunks, header: Header) -> Chunks:
    """Pieces of whole samples; a file's trailer and half a sample at the end are dropped."""
    assert header.form is not None
    frame = frame_bytes(header.form)
    held, left = begun, header.length // frame * frame
    while True:
        ready = min(len(held), left or len(held), PIECE) // frame * frame
        if ready:
            yield bytes(held[:ready])
            del held[:ready]
            left -= ready if header.length else 0
            if header.length and not left:
                return
        elif (chunk := await anext(chunks, None)) is None:
            return
        else:
            held += chunk


async def _unpacked(
    begun: bytearray, chunks: Chunks, limits: Limits, reservation: Reservation, mixed: bool
) -> tuple[AudioFormat, Chunks]:
    reservation.take(UNPACKING)
    unpacking = Unpacking(bytes(begun), chunks, limits.audio_s, mixed=mixed)
    reservation.callback(unpacking.end)
    return await unpacking.form(), unpacking.pieces()


async def _decoded(
    begun: bytearray, chunks: Chunks, limits: Limits, reservation: Reservation, mixed: bool
) -> tuple[AudioFormat, Chunks]:
    """Decodes other files once they are complete: some keep their index at the end."""
    reservation.take(len(begun))
    async for chunk in chunks:
        reservation.take(len(chunk))
        begun += chunk
        if len(begun) > limits.upload_bytes:
            raise UploadTooLarge(f"The sound is too large; send at most {limits.upload_bytes} bytes.")
    sound = await recording.decode(bytes(begun), limits.audio_s, mixed=mixed)
    return sound.form, sound.pieces()
