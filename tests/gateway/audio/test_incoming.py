import struct
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.upload_memory import UploadMemory
from gateway.audio import incoming
from gateway.config import Limits
from parley.audio import media
from parley.errors import Overloaded, ParleyError, UndecodableMedia, UploadTooLarge
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from tests.gateway.conftest import tone
from tests.sound import cut

LIMITS = Limits(upload_bytes=50_000, audio_s=10.0)
MEMORY = UploadMemory(10 << 20)
MP4 = b"\0\0\0 ftypM4A "
RAW = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_S16LE, sample_rate_hz=16_000)
WAV = tone(0.5)
SAMPLES = media.read(WAV, 10).data


async def _sent(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _heard(*chunks: bytes, form: AudioFormat | None = None) -> tuple[AudioFormat, bytes]:
    with MEMORY.reserve() as reservation:
        found, samples = await incoming.listen(_sent(*chunks), form, LIMITS, reservation)
        return found, b"".join([piece async for piece in samples])


@given(st.lists(st.integers(0, len(WAV)), max_size=12))
async def test_a_wav_in_any_pieces_is_its_samples(places: list[int]) -> None:
    """Wherever a client cuts it, in the header too."""
    found, data = await _heard(*cut(WAV, places))
    assert (found.sample_rate_hz, found.channels) == (8000, 1)
    assert data == SAMPLES


@given(st.lists(st.integers(0, 999), max_size=12))
async def test_bare_samples_are_never_cut_in_two(places: list[int]) -> None:
    """Half a sample waits for its other half; at the end it is no sound."""
    data = bytes(n % 251 for n in range(999))
    with MEMORY.reserve() as reservation:
        _, samples = await incoming.listen(_sent(*cut(data, places)), RAW, LIMITS, reservation)
        pieces = [piece async for piece in samples]
    assert all(len(piece) % 2 == 0 for piece in pieces)
    assert b"".join(pieces) == data[:998]


@pytest.mark.parametrize("form", [None, RAW])
async def test_a_header_is_believed_more_than_a_config(form: AudioFormat | None) -> None:
    """Who sends a whole file means what the file says."""
    found, data = await _heard(WAV, form=form)
    assert (found.sample_rate_hz, data) == (8000, SAMPLES)


@pytest.mark.parametrize("claim", [0, 0xFFFFFFFF])
async def test_a_length_that_nobody_knew_is_the_end(claim: int) -> None:
    """A recorder that streams writes the length last, or never."""
    live = WAV[:40] + struct.pack("<I", claim) + WAV[44:]
    assert (await _heard(live))[1] == SAMPLES


async def test_what_follows_the_samples_is_no_sound() -> None:
    """A LIST chunk at the end is not played."""
    assert (await _heard(WAV, b"LIST" + bytes(3000)))[1] == SAMPLES


@pytest.mark.parametrize("form", [None, RAW])
async def test_a_compressed_file_is_decoded(form: AudioFormat | None) -> None:
    """FLAC in pieces, whatever a config says."""
    file = media.flac(SAMPLES, 8000)
    found, data = await _heard(file[:100], file[100:], form=form)
    assert (found.sample_rate_hz, data) == (8000, SAMPLES)


async def test_a_24_bit_wav_is_left_to_a_decoder() -> None:
    """What our own stages do not take is decoded, not refused."""
    wide = b"".join(bytes([0]) + SAMPLES[at : at + 2] for at in range(0, len(SAMPLES), 2))
    header = bytearray(WAV[:44])
    header[28:36] = struct.pack("<IHH", 8000 * 3, 3, 24)
    header[40:44] = struct.pack("<I", len(wide))
    assert (await _heard(bytes(header) + wide))[1] == SAMPLES


async def test_nothing_is_silence() -> None:
    """A caller who sends no sound is not at fault."""
    assert (await _heard())[1] == b""
    assert (await _heard(b"", form=RAW)) == (RAW, b"")


@pytest.mark.parametrize(
    ("chunks", "error"),
    [
        ((b"hello, this is no sound",), UndecodableMedia),
        ((b"RI",), UndecodableMedia),
        ((WAV[:30],), UndecodableMedia),
        ((b"RIFF\0\0\0\0WAVEjunk" + struct.pack("<I", 1 << 30), bytes(70_000)), UndecodableMedia),
        ((b"RIFF\0\0\0\0WAVEfmt \4\0\0\0" + bytes(20),), UndecodableMedia),
        ((MP4, *[bytes(10_000)] * 6), UploadTooLarge),
        ((b"OggS", *[bytes(10_000)] * 6), UndecodableMedia),
    ],
)
async def test_what_is_no_sound_is_refused(chunks: tuple[bytes, ...], error: type[ParleyError]) -> None:
    """In one sentence, and without holding more than the limit."""
    with pytest.raises(error):
        await _heard(*chunks)


async def test_files_together_are_bounded() -> None:
    """Bare samples pass through and take no room; a file is held, or a decoder is, and gives its place back."""
    with MEMORY.reserve() as reservation:
        reservation.take((10 << 20) - 15_000)
        for begun in (MP4, b"OggS"):
            with pytest.raises(Overloaded):
                await _heard(begun, *[bytes(10_000)] * 2)
        assert len((await _heard(*[bytes(10_000)] * 9, form=RAW))[1]) == 90_000
    assert MEMORY.held == 0
