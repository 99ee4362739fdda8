"""Files and pipes as pieces of sound."""

import asyncio
import os
import threading
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from parley.cli import sound
from parley.cli.sound import paced, pieces_of, read_file
from parley.cli.stdin import StdinPipe, from_thread
from parley.errors import BadInput, UndecodableMedia

PIECE = bytes(3200)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """What is written here is standard input."""
    out, into = os.pipe()
    monkeypatch.setattr(sound, "StdinPipe", lambda _: StdinPipe(out))
    yield into
    os.close(out)


def wav_bytes(path: Path, width: int = 2, channels: int = 1) -> bytes:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(8000)
        out.writeframes(bytes(8000 * width * channels))
    return path.read_bytes()


def feed(pipe: int, data: bytes) -> None:
    def write() -> None:
        with os.fdopen(pipe, "wb") as into:
            into.write(data)

    threading.Thread(target=write, daemon=True).start()


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield PIECE


async def test_pieces_leave_by_the_schedule() -> None:
    """A slow receiver delays the pieces after it, but not the end of the stream."""
    slept: list[float] = []
    left: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    def clock() -> float:
        return sum(slept) + (0.25 if len(left) >= 2 else 0.0)

    async for _ in paced(pieces(5), clock, sleep):
        left.append(round(clock(), 3))  # noqa: PERF401  # the clock looks at it
    assert left == [0.1, 0.2, 0.45, 0.45, 0.5]
    assert slept == [0.1, 0.1, 0.05]


async def test_a_wav_on_standard_input_says_its_format(pipe: int, tmp_path: Path) -> None:
    """The header is obeyed, and is not heard as sound."""
    feed(pipe, wav_bytes(tmp_path / "a.wav", channels=2))
    heard = sound.read_stdin()
    whole = b"".join([piece async for piece in pieces_of(heard)])
    assert (heard.rate_hz, heard.channels, len(whole)) == (8000, 2, 8000 * 4)


async def test_other_bytes_are_raw_sound(pipe: int) -> None:
    """An odd byte at the end is half a sample, and is left out."""
    feed(pipe, b"\x01" * 6401)
    heard = sound.read_stdin()
    assert [len(piece) async for piece in pieces_of(heard)] == [3200, 3200]
    assert (heard.rate_hz, heard.channels) == (16_000, 1)


async def test_an_empty_pipe_is_an_empty_stream(pipe: int) -> None:
    """Finishing an empty stream is legal."""
    feed(pipe, b"")
    assert [piece async for piece in pieces_of(sound.read_stdin())] == []


def test_a_wav_of_another_width_is_refused(pipe: int, tmp_path: Path) -> None:
    """It would sound like noise."""
    feed(pipe, wav_bytes(tmp_path / "a.wav", width=1))
    with pytest.raises(UndecodableMedia, match="16-bit"):
        sound.read_stdin()


def test_a_broken_header_is_refused(pipe: int) -> None:
    """With one sentence."""
    feed(pipe, b"RIFF\0\0\0\0nonsense")
    with pytest.raises(UndecodableMedia, match="cannot be read"):
        sound.read_stdin()


async def test_a_silent_pipe_holds_nobody_up() -> None:
    """Waiting for sound can be cancelled, and the process can end."""
    out, into = os.pipe()

    async def wait() -> None:
        async for _ in from_thread(StdinPipe(out).rest()):
            pass

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(wait(), 0.05)  # would never return if the thread had to be waited for
    os.close(into)


def test_a_missing_file_is_the_users_to_mend(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(BadInput, match="name an audio file"):
        read_file(str(tmp_path / "none.wav"))
