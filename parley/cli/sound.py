"""Files and standard input as pieces of sound, at once or in real time. Must not know the network."""

import asyncio
import io
import os
import time
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parley.cli.stdin import StdinPipe, from_thread
from parley.errors import BadInput, UndecodableMedia
from parley.extras import install

PIECE_S = 0.1
LONGEST_S = 4 * 3600.0
RAW_HZ, HIGHEST_HZ = 16_000, 48_000  # of raw sound, and what an AudioFormat may say
STDIN = "-"


@dataclass(frozen=True)
class Sound:
    """16-bit PCM in pieces of `PIECE_S`. Taking the next piece may wait."""

    name: str
    rate_hz: int
    channels: int
    pieces: Iterable[bytes]
    duration_s: float | None = None  # not known of what is still being said

    @property
    def format(self) -> dict[str, int]:
        """The fields of an AudioFormat."""
        return {"sample_rate_hz": self.rate_hz, "channels": self.channels}


def read_file(name: str, *, mixed: bool = True, most_hz: int = HIGHEST_HZ) -> Sound:
    """Decode a file, at its own rate or the highest wanted; its channels are mixed to one, or stay side by side."""
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise BadInput(f"{name} cannot be read ({error.strerror}); name an audio file.") from None
    try:
        from parley.audio import media
    except ModuleNotFoundError:
        return _wav(name, data)
    recording = media.read(data, LONGEST_S, mixed=mixed, most_hz=most_hz)
    return Sound(name, recording.rate_hz, recording.channels, recording.chunks(PIECE_S), recording.duration_s)


def _wav(name: str, data: bytes) -> Sound:
    """Without FFmpeg: what needs no decoder. The server mixes channels and takes any rate."""
    if data[:4] != b"RIFF":
        raise BadInput(f"{name} is no WAV; to read other files, {install('media')}.")
    header = _header(io.BytesIO(data), name)
    return _of(header, name, header.getnframes() / header.getframerate())


def read_stdin() -> Sound:
    """A WAV by its header; anything else is raw: 16 kHz, 16 bit, little-endian, one channel."""
    pipe = StdinPipe(0)
    if pipe.peek(4) != b"RIFF":
        return Sound(STDIN, RAW_HZ, 1, _raw(pipe))
    return _of(_header(pipe, "on standard input"), STDIN)


def _header(file: Any, name: str) -> wave.Wave_read:
    """Of anything that can read()."""
    try:
        header = wave.open(file, "rb")  # noqa: SIM115
    except (wave.Error, EOFError) as error:
        raise UndecodableMedia(f"The WAV {name} cannot be read ({error}); send 16-bit PCM.") from None
    if header.getsampwidth() != 2:
        raise UndecodableMedia(f"The WAV has {8 * header.getsampwidth()}-bit samples; send 16-bit PCM.")
    return header


def _of(header: wave.Wave_read, name: str, duration_s: float | None = None) -> Sound:
    rate_hz = header.getframerate()
    return Sound(name, rate_hz, header.getnchannels(), _framed(header, round(rate_hz * PIECE_S)), duration_s)


def _framed(header: wave.Wave_read, frames: int) -> Iterator[bytes]:
    while piece := header.readframes(frames):
        yield piece


def _raw(pipe: StdinPipe) -> Iterator[bytes]:
    while piece := pipe.read(round(RAW_HZ * PIECE_S) * 2):
        yield piece[: len(piece) // 2 * 2]


async def pieces_of(sound: Sound) -> AsyncIterator[bytes]:
    """The pieces as they come, without holding up anybody else."""
    if sound.name == STDIN:
        async for piece in from_thread(sound.pieces):
            yield piece
    else:
        for piece in sound.pieces:
            yield piece


async def paced(
    pieces: AsyncIterator[bytes],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[bytes]:
    """Each piece when it would have been spoken. By a schedule, so that small delays do not add up."""
    due = clock()
    async for piece in pieces:
        due += PIECE_S
        if (wait_s := due - clock()) > 0:
            await sleep(wait_s)
        yield piece


def writable(path: Path) -> Path:
    """Refuse before the work is done, not after."""
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise BadInput(f"{path} cannot be written; name a WAV file in a folder that is yours.")
    return path


def write_wav(target: Path, data: bytes, rate_hz: int, channels: int = 1) -> None:
    """16-bit PCM as a WAV file."""
    with wave.open(str(target), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(data)
