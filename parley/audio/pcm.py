"""Sound inside a service: bytes to floats at 16 kHz and back, windows, stream time. Must not know a stage or a file."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import soxr

from parley.errors import ChunkTooLarge, PartialSample, UnsupportedFormat
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat, Interval

Samples = npt.NDArray[np.float32]

RATE_HZ = 16_000
LOWEST_HZ, HIGHEST_HZ, MOST_CHANNELS = 8_000, 48_000, 8
LARGEST_CHUNK = 1 << 20
SILENCE: Samples = np.zeros(0, np.float32)

# Looked up once: an enum's value by its name takes longer than what is done with a chunk.
S16LE, F32LE = AudioEncoding.AUDIO_ENCODING_PCM_S16LE, AudioEncoding.AUDIO_ENCODING_PCM_F32LE
MULAW, ALAW = AudioEncoding.AUDIO_ENCODING_MULAW, AudioEncoding.AUDIO_ENCODING_ALAW
_WIDTHS = {S16LE: 2, F32LE: 4, MULAW: 1, ALAW: 1}
_STEP, _FULL = np.float32(1 / 32768), np.float32(32768)  # a power of two: multiplying is as exact as dividing
_LOWEST, _HIGHEST = np.float32(-32768), np.float32(32767)


@dataclass(frozen=True)
class Format:
    """A checked `AudioFormat` with its defaults filled in."""

    encoding: AudioEncoding
    rate_hz: int
    channels: int

    @classmethod
    def of(cls, wire: AudioFormat) -> "Format":
        """Fill in the defaults; refuse what no stage takes."""
        encoding = wire.encoding or S16LE
        rate_hz, channels = wire.sample_rate_hz or RATE_HZ, wire.channels or 1
        if encoding not in _WIDTHS:
            raise UnsupportedFormat(f"Encoding {encoding} is not known; send PCM_S16LE, PCM_F32LE, MULAW or ALAW.")
        if not LOWEST_HZ <= rate_hz <= HIGHEST_HZ:
            raise UnsupportedFormat(f"{rate_hz} Hz is not taken; send {LOWEST_HZ} to {HIGHEST_HZ} Hz, best {RATE_HZ}.")
        if channels > MOST_CHANNELS:
            raise UnsupportedFormat(f"{channels} channels are not taken; send 1 to {MOST_CHANNELS}.")
        return cls(encoding, rate_hz, channels)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return _WIDTHS[self.encoding] * self.channels

    def wire(self, channels: int) -> AudioFormat:
        """What a stage that answers with sound answers in: the same, in so many channels."""
        return AudioFormat(encoding=self.encoding, sample_rate_hz=self.rate_hz, channels=channels)


def check_chunk(data: bytes) -> bytes:
    """Refuse a chunk that is too large to hold."""
    if len(data) > LARGEST_CHUNK:
        raise ChunkTooLarge(f"A chunk of {len(data)} bytes is too large; send at most {LARGEST_CHUNK} at once.")
    return data


def decode(data: bytes, form: Format) -> Samples:
    """Bytes -> floats between -1 and 1, channels mixed to one."""
    _check_whole(data, form)
    flat = _floats(data, form.encoding)
    return flat if form.channels == 1 else flat.reshape(-1, form.channels).mean(1, dtype=np.float32)


def decode_channels(data: bytes, form: Format) -> Samples:
    """Bytes -> floats between -1 and 1, a row for each moment, a column for each channel."""
    _check_whole(data, form)
    return _floats(data, form.encoding).reshape(-1, form.channels)


def apart(data: bytes, form: Format) -> list[bytes]:
    """Interleaved bytes -> the bytes of each channel."""
    _check_whole(data, form)
    samples = np.frombuffer(data, np.uint8).reshape(-1, form.channels, _WIDTHS[form.encoding])
    return [samples[:, n].tobytes() for n in range(form.channels)]


def _check_whole(data: bytes, form: Format) -> None:
    if len(data) % form.frame_bytes:
        raise PartialSample(
            f"{len(data)} bytes are not whole samples of {form.frame_bytes} bytes; cut between samples."
        )


def _floats(data: bytes, encoding: AudioEncoding) -> Samples:
    if encoding == S16LE:
        return np.frombuffer(data, "<i2") * _STEP
    if encoding == F32LE:
        clean = np.nan_to_num(np.frombuffer(data, "<f4"), nan=0.0, posinf=1.0, neginf=-1.0)
        bounded: Samples = np.clip(clean, np.float32(-1), np.float32(1))
        return bounded
    table = _MULAW if encoding == MULAW else _ALAW
    return table[np.frombuffer(data, np.uint8)]


def encode(samples: Samples, encoding: AudioEncoding) -> bytes:
    """Floats -> bytes; what is beyond full scale is clipped."""
    if encoding == S16LE:
        scaled: Samples = samples * _FULL
        np.rint(scaled, out=scaled)
        np.maximum(scaled, _LOWEST, out=scaled)
        np.minimum(scaled, _HIGHEST, out=scaled)  # both: np.clip takes twice as long
        return scaled.astype("<i2").tobytes()
    clipped = np.clip(samples, -1, 1)
    if encoding == F32LE:
        return clipped.astype("<f4").tobytes()
    table = _MULAW if encoding == MULAW else _ALAW
    return _nearest(table, clipped)


def _nearest(table: Samples, samples: Samples) -> bytes:
    order = np.argsort(table, kind="stable")
    middles = (table[order][1:] + table[order][:-1]) / 2
    return order[np.searchsorted(middles, samples)].astype(np.uint8).tobytes()


def _mulaw_table() -> Samples:
    code = ~np.arange(256, dtype=np.uint8)
    size = (((code & 0x0F).astype(np.int32) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return (np.where(code & 0x80, -size, size) / 32768).astype(np.float32)


def _alaw_table() -> Samples:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    low, segment = (code & 0x0F).astype(np.int32) << 4, ((code & 0x70) >> 4).astype(np.int32)
    size = np.where(segment == 0, low + 8, low + 0x108 << np.maximum(segment - 1, 0))
    return (np.where(code & 0x80, size, -size) / 32768).astype(np.float32)


_MULAW, _ALAW = _mulaw_table(), _alaw_table()


class Resampler:
    """A stream at one rate -> the same stream at another, aligned, whatever the chunking.

    Several channels are columns; one is a row, or a column.
    """

    def __init__(self, from_hz: int, to_hz: int, channels: int = 1) -> None:
        self._stream = None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, channels, "float32")

    def feed(self, samples: Samples, *, last: bool = False) -> Samples:
        """The samples that are ready; with `last`, the rest as well."""
        return samples if self._stream is None else self._stream.resample_chunk(samples, last=last)


class PcmDecoder:
    """A client's PCM, in any format and chunking -> one channel of floats at 16 kHz, or at a model's rate."""

    def __init__(self, form: Format, rate_hz: int = RATE_HZ) -> None:
        self.form = form
        self._resampler = Resampler(form.rate_hz, rate_hz)

    def feed(self, data: bytes) -> Samples:
        """The samples that these bytes complete."""
        return self._resampler.feed(decode(data, self.form))

    def finish(self) -> Samples:
        """The samples that the resampler still holds."""
        return self._resampler.feed(SILENCE, last=True)


class Tape:
    """A stream's samples, addressed by their place in the stream; the beginning can be forgotten."""

    def __init__(self) -> None:
        self._store = np.zeros(RATE_HZ, np.float32)
        self._first = self.end = 0

    def append(self, samples: Samples) -> None:
        """Add samples to the end."""
        held = self.end - self._first
        if held + len(samples) > len(self._store):
            grown = np.zeros(2 * (held + len(samples)), np.float32)
            grown[:held] = self._store[:held]
            self._store = grown
        self._store[held : held + len(samples)] = samples
        self.end += len(samples)

    def cut(self, start: int, end: int) -> Samples:
        """A copy of the samples from one place to another."""
        return self._store[start - self._first : end - self._first].copy()

    def forget(self, before: int) -> None:
        """Drop the samples before this place."""
        held = self.end - before
        if before > self._first:
            self._store[:held] = self._store[before - self._first : self.end - self._first].copy()
            self._first = before


def time_of(samples: int, rate_hz: int = RATE_HZ) -> timedelta:
    """Samples -> stream time."""
    return timedelta(seconds=samples / rate_hz)


def interval(start: int, end: int, rate_hz: int = RATE_HZ) -> Interval:
    """A piece of the stream, from sample to sample."""
    return Interval(start=time_of(start, rate_hz), end=time_of(end, rate_hz))
