"""PCM bytes -> a file, as they come: nothing of it is held. Must not know numpy, nor where the file goes.

A header says how long the file is. Who knows that at the start says so; otherwise the header says what writers of live
sound say: a WAV claims 4 GiB, a FLAC claims nothing.
"""

import struct
from fractions import Fraction
from typing import Protocol

import av
from av.audio.frame import AudioFrame

from parley.errors import UndecodableMedia

UNKNOWN = 0xFFFFFFFF
WAV_HEAD = 44  # bytes
FLAC_BLOCK = 2 * 4096  # bytes that are encoded at once
FLAC_LENGTH = slice(18, 26)  # of the file: where its first block says how many samples follow, in the last 36 bits


class Recorder(Protocol):
    """A file that is being written."""

    @property
    def size(self) -> int | None:
        """Of the whole file in bytes, where that is known."""

    def write(self, data: bytes) -> bytes:
        """More samples: what the file goes on with."""

    def end(self) -> bytes:
        """No more samples: the last of the file."""


class Wav:
    """Signed 16-bit samples of one channel, as WAV."""

    def __init__(self, rate_hz: int, samples: int | None) -> None:
        self._left = samples
        known = samples is not None and WAV_HEAD + 2 * samples < UNKNOWN
        self.size = WAV_HEAD + 2 * samples if samples is not None and known else None
        self._head = _wav_head(rate_hz, self.size)

    def write(self, data: bytes) -> bytes:
        """The samples are the file."""
        self._left = _left(self._left, data)
        head, self._head = self._head, b""
        return head + data

    def end(self) -> bytes:
        """A file without samples is a header."""
        _check(self._left)
        return self.write(b"")


def _wav_head(rate_hz: int, size: int | None) -> bytes:
    whole, data = (size - 8, size - WAV_HEAD) if size else (UNKNOWN, UNKNOWN)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate_hz, 2 * rate_hz, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + form + struct.pack("<4sI", b"data", data)


class Flac:
    """Signed 16-bit samples of one channel, as FLAC."""

    size: int | None = None

    def __init__(self, rate_hz: int, samples: int | None) -> None:
        self._samples, self._rate_hz, self._place = samples or 0, rate_hz, 0
        self._left = samples
        self._out, self._rest, self._begun = _Out(), b"", False
        self._file = av.open(self._out, "w", format="flac")
        self._stream = self._file.add_stream("flac", rate=rate_hz, layout="mono", format="s16")

    def write(self, data: bytes) -> bytes:
        """What the encoder has ready."""
        self._left = _left(self._left, data)
        self._rest += data
        whole = len(self._rest) // FLAC_BLOCK * FLAC_BLOCK
        for at in range(0, whole, FLAC_BLOCK):
            self._encode(self._rest[at : at + FLAC_BLOCK])
        self._rest = self._rest[whole:]
        return self._ready()

    def end(self) -> bytes:
        """What it still held."""
        _check(self._left)
        if self._rest:
            self._encode(self._rest)
        self._file.mux(self._stream.encode(None))
        self._file.close()
        return self._ready()

    def _encode(self, data: bytes) -> None:
        frame = AudioFrame("s16", "mono", len(data) // 2)
        frame.planes[0].update(data.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = self._rate_hz, self._place, Fraction(1, self._rate_hz)
        self._place += len(data) // 2
        self._file.mux(self._stream.encode(frame))

    def _ready(self) -> bytes:
        ready = self._out.take()
        if ready and not self._begun:
            samples = int.from_bytes(ready[FLAC_LENGTH], "big") | self._samples
            ready[FLAC_LENGTH] = samples.to_bytes(8, "big")
            self._begun = True
        return bytes(ready)


def _left(samples: int | None, data: bytes) -> int | None:
    return None if samples is None else samples - len(data) // 2


def _check(left: int | None) -> None:
    if left:
        raise UndecodableMedia("The file is damaged: it does not hold as many samples as it seemed to; mend it.")


class _Out:
    """A file that cannot be gone back in: what is written leaves at once."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytearray:
        taken, self._written = self._written, bytearray()
        return taken


def whole(file: Recorder, data: bytes) -> bytes:
    """All of it at once."""
    return file.write(data) + file.end()
