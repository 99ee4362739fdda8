"""A tone and silence, as bytes of a stream of one channel. Pure."""

import math
import struct
from collections.abc import Callable, Iterable, Mapping

from gateway.audio.time_scale import Scale
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat

TONE_HZ = 1000
LOUD = 0.1  # of full scale
F32LE = AudioEncoding.AUDIO_ENCODING_PCM_F32LE
MULAW, ALAW = AudioEncoding.AUDIO_ENCODING_MULAW, AudioEncoding.AUDIO_ENCODING_ALAW


def tone(form: AudioFormat) -> bytes:
    """Whole periods, which can be put one behind another."""
    rate_hz = Scale.of(form).rate_hz
    count = rate_hz // math.gcd(rate_hz, TONE_HZ)
    return _bytes(form, (LOUD * math.sin(2 * math.pi * TONE_HZ * n / rate_hz) for n in range(count)))


def silence(form: AudioFormat) -> bytes:
    """One sample."""
    return _bytes(form, (0.0,))


def laid(pattern: bytes, start: int, end: int) -> bytes:
    """A pattern that is repeated from a stream's first byte on, between these bytes."""
    first = start % len(pattern)
    return (pattern * ((first + end - start) // len(pattern) + 1))[first : first + end - start]


def _bytes(form: AudioFormat, samples: Iterable[float]) -> bytes:
    return b"".join(map(_WRITTEN.get(form.encoding, _s16le), samples))


def _s16le(sample: float) -> bytes:
    return struct.pack("<h", round(32767 * sample))


def _f32le(sample: float) -> bytes:
    return struct.pack("<f", sample)


def _mulaw(sample: float) -> bytes:
    """G.711: sign, exponent, mantissa; all bits turned over."""
    size = round(32635 * abs(sample)) + 132
    exponent = size.bit_length() - 8
    return bytes([0xFF ^ (0x80 * (sample < 0) | exponent << 4 | size >> exponent + 3 & 0xF)])


def _alaw(sample: float) -> bytes:
    """G.711: sign, exponent, mantissa; every other bit turned over."""
    size = round(4095 * abs(sample))
    exponent = max(size.bit_length() - 5, 0)
    return bytes([0x55 ^ (0x80 * (sample >= 0) | exponent << 4 | size >> max(exponent, 1) & 0xF)])


_WRITTEN: Mapping[int, Callable[[float], bytes]] = {F32LE: _f32le, MULAW: _mulaw, ALAW: _alaw}
