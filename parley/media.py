"""Files of any container that FFmpeg reads -> PCM bytes. Must not know numpy: the gateway uses it too."""

import io
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from parley.errors import UndecodableMedia

LOWEST_HZ, HIGHEST_HZ = 8_000, 48_000
# A header can claim any rate, and resampling from 2 GHz takes ten seconds of work for half a second of sound.
SLOWEST_HZ, FASTEST_HZ = 1_000, 768_000
FLAC_BLOCK = 2 * 4096  # bytes that are encoded at once
# FFmpeg also reads playlists, which name other files and addresses: whoever sends a file must not choose those.
CONTAINERS = "wav,w64,aiff,au,caf,flac,mp3,aac,amr,ogg,matroska,webm,mov,mp4,m4a,3gp,asf,avi"


@dataclass(frozen=True)
class Recording:
    """A decoded file: signed 16-bit little-endian, one channel."""

    data: bytes
    rate_hz: int

    @property
    def duration_s(self) -> float:
        """How long it plays."""
        return len(self.data) / 2 / self.rate_hz

    def chunks(self, seconds: float) -> Iterator[bytes]:
        """The samples in pieces of so many seconds."""
        size = max(1, round(seconds * self.rate_hz)) * 2
        return (self.data[at : at + size] for at in range(0, len(self.data), size))


class Decoder:
    """A file, decoded no further than somebody asks: a small one may play for days."""

    def __init__(self, file: bytes | io.RawIOBase, longest_s: float, rate_hz: int = 0) -> None:
        with _in_words():
            source = io.BytesIO(file) if isinstance(file, bytes) else file
            self._container = av.open(source, "r", options={"format_whitelist": CONTAINERS})
        # PyAV opens what FFmpeg has no decoder for, and then the stream has no codec context.
        known = [stream for stream in self._container.streams.audio if getattr(stream, "codec_context", None)]
        if not known:
            raise UndecodableMedia("The file holds no audio; send WAV, MP3, M4A, FLAC, OGG or WebM.")
        self._stream, self._longest_s = known[0], longest_s
        self.rate_hz = rate_hz or min(max(known[0].rate or 16_000, LOWEST_HZ), HIGHEST_HZ)

    def blocks(self, seconds: float) -> Iterator[bytes]:
        """Its samples, so many seconds at once; refuses what plays too long."""
        size, most = round(seconds * self.rate_hz) * 2, self._longest_s * self.rate_hz * 2
        held, before = bytearray(), 0
        for piece in self._pieces():
            held += piece
            if before + len(held) > most:
                raise UndecodableMedia(f"The file plays longer than {self._longest_s:.0f} s; cut it.")
            while len(held) >= size:
                yield bytes(held[:size])
                del held[:size]
                before += size
        if held:
            yield bytes(held)

    def _pieces(self) -> Iterator[bytes]:
        resampler = AudioResampler("s16", "mono", self.rate_hz)
        with _in_words(), self._container:
            for frame in _and_end(self._container.decode(self._stream)):
                if frame and not SLOWEST_HZ <= frame.sample_rate <= FASTEST_HZ:
                    said = f"The file says that it has {frame.sample_rate} samples a second; that is no sound."
                    raise UndecodableMedia(said)
                for piece in resampler.resample(frame):
                    yield bytes(piece.planes[0])[: piece.samples * 2]


def read(file: bytes, longest_s: float, rate_hz: int = 0) -> Recording:
    """Decode a whole file, at its own rate unless another is wanted; refuse what is no audio or plays too long."""
    decoder = Decoder(file, longest_s, rate_hz)
    return Recording(b"".join(decoder.blocks(60.0)), decoder.rate_hz)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, ValueError, EOFError) as error:
        said = getattr(error, "strerror", None) or error  # FFmpeg's words, without its number
        raise UndecodableMedia(f"The file cannot be decoded ({said}); send WAV, MP3, M4A, FLAC, OGG or WebM.") from None


def _and_end(frames: Iterator[AudioFrame]) -> Iterator[AudioFrame | None]:
    yield from frames
    yield None


def wav(data: bytes, rate_hz: int) -> bytes:
    """PCM bytes -> a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(data)
    return file.getvalue()


def flac(data: bytes, rate_hz: int) -> bytes:
    """PCM bytes -> a FLAC file."""
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as out:
        stream = out.add_stream("flac", rate=rate_hz, layout="mono", format="s16")
        for at in range(0, len(data), FLAC_BLOCK):
            out.mux(stream.encode(_frame(data[at : at + FLAC_BLOCK], at // 2, rate_hz)))
        out.mux(stream.encode(None))
    return file.getvalue()


def _frame(data: bytes, place: int, rate_hz: int) -> AudioFrame:
    frame = AudioFrame("s16", "mono", len(data) // 2)
    frame.planes[0].update(data.ljust(frame.planes[0].buffer_size, b"\0"))
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, place, Fraction(1, rate_hz)
    return frame
