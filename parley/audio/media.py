"""Files of any container that FFmpeg reads -> PCM bytes. Must not know numpy: the gateway uses it too."""

import ctypes
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from parley.audio import recorder
from parley.errors import UndecodableMedia

LOWEST_HZ, HIGHEST_HZ = 8_000, 48_000
# A header can claim any rate, and resampling from 2 GHz takes ten seconds of work for half a second of sound.
SLOWEST_HZ, FASTEST_HZ = 1_000, 768_000
MOST_CHANNELS = 8
MOST_SAMPLES = 8 * 192_000  # a second, of all channels: silence in more of them costs much time and hardly a byte
MOST_STREAMS = 16  # in a file: each may claim as much as a block of memory may hold
LARGEST_BLOCK = 32 << 20  # bytes of memory at once: a kilobyte of MP4 can claim samples whose index fills gigabytes
EXACT = ("pcm_", "flac")  # codecs whose packets play as long as they say; others pad and prime
# FFmpeg also reads playlists, which name other files and addresses: whoever sends a file must not choose those.
CONTAINERS = "wav,w64,aiff,au,caf,flac,mp3,aac,amr,ogg,matroska,webm,mov,mp4,m4a,3gp,asf,avi"


@dataclass(frozen=True)
class Recording:
    """A decoded file: signed 16-bit little-endian."""

    data: bytes
    rate_hz: int
    channels: int = 1

    @property
    def duration_s(self) -> float:
        """How long it plays."""
        return len(self.data) / 2 / self.channels / self.rate_hz

    def chunks(self, seconds: float) -> Iterator[bytes]:
        """The samples in pieces of so many seconds."""
        size = max(1, round(seconds * self.rate_hz)) * 2 * self.channels
        return (self.data[at : at + size] for at in range(0, len(self.data), size))


def _bound_blocks() -> None:
    """Tells FFmpeg never to allocate more at once. PyAV has no name for that, so the library that it loaded is told."""
    try:
        maps = Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # no Linux
        return
    for library in {line.split(maxsplit=5)[-1] for line in maps if "libavutil" in line}:
        bound = ctypes.CDLL(library).av_max_alloc
        bound.argtypes, bound.restype = [ctypes.c_size_t], None
        bound(LARGEST_BLOCK)


_bound_blocks()


class MediaDecoder:
    """A file, decoded no further than somebody asks: a small one may play for days. Its channels are mixed, or stay."""

    def __init__(
        self,
        file: bytes | io.RawIOBase,
        longest_s: float,
        rate_hz: int = 0,
        *,
        mixed: bool = True,
        most_hz: int = HIGHEST_HZ,
    ) -> None:
        self._container, self._stream = _opened(file)
        self._longest_s = longest_s
        self._layout = "mono" if mixed else self._stream.layout.name
        self.channels = 1 if mixed else self._stream.channels
        if self.channels > MOST_CHANNELS:
            raise UndecodableMedia(f"The file has {self.channels} channels; send {MOST_CHANNELS} at most.")
        self.rate_hz = rate_hz or min(max(self._stream.rate or 16_000, LOWEST_HZ), most_hz)

    @property
    def claimed_s(self) -> float:
        """How long the file says that it plays; 0: it does not say. It may lie."""
        return max(0, self._container.duration or 0) / av.time_base

    def blocks(self, seconds: float) -> Iterator[bytes]:
        """Its samples, so many seconds at once; refuses what plays too long."""
        frame = 2 * self.channels
        size, most = round(seconds * self.rate_hz) * frame, self._longest_s * self.rate_hz * frame
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
        resampler = AudioResampler("s16", self._layout, self.rate_hz)
        with _in_words(), self._container:
            for frame in _and_end(self._container.decode(self._stream)):
                if frame and not SLOWEST_HZ <= frame.sample_rate <= FASTEST_HZ:
                    message = f"The file says that it has {frame.sample_rate} samples a second; that is no sound."
                    raise UndecodableMedia(message)
                if frame and frame.sample_rate * frame.layout.nb_channels > MOST_SAMPLES:
                    message = (
                        f"The file has {frame.layout.nb_channels} channels of {frame.sample_rate} samples a second"
                    )
                    raise UndecodableMedia(f"{message}; send {MOST_SAMPLES} at most in all of them.")
                for piece in resampler.resample(frame):
                    yield bytes(piece.planes[0])[: piece.samples * 2 * self.channels]


def _opened(file: bytes | io.RawIOBase) -> tuple[InputContainer, AudioStream]:
    if file == b"":
        raise UndecodableMedia("The file is empty; send WAV, MP3, M4A, FLAC, OGG or WebM.")
    with _in_words():
        source = io.BytesIO(file) if isinstance(file, bytes) else file
        options = {"format_whitelist": CONTAINERS, "max_streams": str(MOST_STREAMS)}
        container = av.open(source, "r", options=options)
    # PyAV opens what FFmpeg has no decoder for, and then the stream has no codec context.
    known = [stream for stream in container.streams.audio if getattr(stream, "codec_context", None)]
    if not known:
        raise UndecodableMedia("The file holds no audio; send WAV, MP3, M4A, FLAC, OGG or WebM.")
    return container, known[0]


def read(
    file: bytes, longest_s: float, rate_hz: int = 0, *, mixed: bool = True, most_hz: int = HIGHEST_HZ
) -> Recording:
    """Decode a whole file, at its own rate unless another is wanted; refuse what is no audio or plays too long."""
    decoder = MediaDecoder(file, longest_s, rate_hz, mixed=mixed, most_hz=most_hz)
    return Recording(b"".join(decoder.blocks(60.0)), decoder.rate_hz, decoder.channels)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, ValueError, EOFError) as error:
        message = getattr(error, "strerror", None) or error  # FFmpeg's words, without its number
        raise UndecodableMedia(
            f"The file cannot be decoded ({message}); send WAV, MP3, M4A, FLAC, OGG or WebM."
        ) from None


def _and_end(frames: Iterator[AudioFrame]) -> Iterator[AudioFrame | None]:
    yield from frames
    yield None


def samples(file: bytes, rate_hz: int) -> int | None:
    """How many samples a file decodes to at that rate, where its packets say so exactly; a header may lie."""
    container, stream = _opened(file)
    exact = stream.codec_context.name.startswith(EXACT) and stream.time_base == Fraction(1, rate_hz)
    with _in_words(), container:
        return sum(packet.duration or 0 for packet in container.demux(stream)) if exact else None


def wav(data: bytes, rate_hz: int) -> bytes:
    """PCM bytes -> a WAV file."""
    return recorder.whole(recorder.Wav(rate_hz, len(data) // 2), data)


def flac(data: bytes, rate_hz: int) -> bytes:
    """PCM bytes -> a FLAC file."""
    return recorder.whole(recorder.Flac(rate_hz, len(data) // 2), data)
