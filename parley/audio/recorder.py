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
LAYOUTS = {1: "mono", 2: "stereo"}
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
    """Signed 16-bit samples, as WAV."""

    def __init__(self, rate_hz: int, samples: int | None, channels: int = 1) -> None:
        self._left, self._frame = samples, 2 * channels
        known = samples is not None and WAV_HEAD + self._frame * samples < UNKNOWN
        self.size = WAV_HEAD + self._frame * samples if samples is not None and known else None
        self._head = _wav_head(rate_hz, channels, self.size)

    def write(self, data: bytes) -> bytes:
        """The samples are the file."""
        self._left = _left(self._left, data, self._frame)
        head, self._head = self._head, b""
        return head + data

    def end(self) -> bytes:
        """A file without samples is a header."""
        _check(self._left)
        return self.write(b"")


def _wav_head(rate_hz: int, channels: int, size: int | None) -> bytes:
    whole, data = (size - 8, size - WAV_HEAD) if size else (UNKNOWN, UNKNOWN)
    frame = 2 * channels
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate_hz, frame * rate_hz, frame, 16)
    return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + form + struct.pack("<4sI", b"data", data)


class Flac:
    """Signed 16-bit samples of one channel or two, as FLAC."""

    size: int | None = None

    def __init__(self, rate_hz: int, samples: int | None, channels: int = 1) -> None:
        self._samples, self._rate_hz, self._place = samples or 0, rate_hz, 0
        self._left, self._frame, self._layout = samples, 2 * channels, LAYOUTS[channels]
        self._out, self._rest, self._begun = Unseekable(), b"", False
        self._file = av.open(self._out, "w", format="flac")
        self._stream = self._file.add_stream("flac", rate=rate_hz, layout=self._layout, format="s16")

    def write(self, data: bytes) -> bytes:
        """What the encoder has ready."""
        self._left = _left(self._left, data, self._frame)
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
        frame = AudioFrame("s16", self._layout, len(data) // self._frame)
        frame.planes[0].update(data.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = self._rate_hz, self._place, Fraction(1, self._rate_hz)
        self._place += len(data) // self._frame
        self._file.mux(self._stream.encode(frame))

    def _ready(self) -> bytes:
        ready = self._out.take()
        if ready and not self._begun:
            samples = int.from_bytes(ready[FLAC_LENGTH], "big") | self._samples
            ready[FLAC_LENGTH] = samples.to_bytes(8, "big")
            self._begun = True
        return bytes(ready)


def _left(samples: int | None, data: bytes, frame: int) -> int | None:
    return None if samples is None else samples - len(data) // frame


def _check(left: int | None) -> None:
    if left:
        raise UndecodableMedia("The file is damaged: it does not hold as many samples as it seemed to; mend it.")


class Unseekable:
    """A file that cannot be gone back in: what is written leaves at once."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        """More of it."""
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is left open."""

    def take(self) -> bytearray:
        """What was written since the last time."""
        taken, self._written = self._written, bytearray()
        return taken


def whole(file: Recorder, data: bytes) -> bytes:
    """All of it at once."""
    return file.write(data) + file.end()
