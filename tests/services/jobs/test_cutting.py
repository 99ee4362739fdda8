"""Recordings in pieces."""

from pathlib import Path

import numpy as np
import pytest

from parley.audio import media
from parley.errors import UndecodableMedia
from services.jobs.cutting import begun

HZ = 16_000


def spoken(seconds: int) -> bytes:
    """Noise with a pause at the end of each second."""
    sound = np.random.default_rng(1).normal(0, 3000, seconds * HZ).astype(np.int16)
    sound.reshape(seconds, HZ)[:, -HZ // 2 :] = 0
    return sound.tobytes()


async def pieces(
    file: bytes, tmp_path: Path, piece_s: float, longest_s: float = 1e4
) -> "list[tuple[float, bytes]] | None":
    place = tmp_path / "recording"
    place.write_bytes(file)
    with place.open("rb", buffering=0) as opened:
        if (cutting := begun(opened, longest_s, piece_s, mixed=False, filtered=True)) is None:
            return None
        found = []
        while piece := await cutting.next():
            found.append((piece.start_s, media.read(piece.file, 1e4, mixed=False).data))
        return found


async def test_pieces_are_all_of_the_recording(tmp_path: Path) -> None:
    """Sample by sample, each where it says, about as long as asked, and cut where nobody speaks."""
    sound = spoken(100)
    found = await pieces(media.wav(sound, HZ), tmp_path, 30.0)
    assert found
    assert b"".join(data for _, data in found) == sound
    starts = [round(start * HZ) for start, _ in found]
    assert starts == [sum(len(data) for _, data in found[:n]) // 2 for n in range(len(found))]
    assert [round(len(data) / 2 / HZ) for _, data in found] == [25, 24, 24, 27]
    assert all(0 in np.abs(np.frombuffer(data, np.int16)[[0, -1]]) for _, data in found[1:-1])


async def test_a_recording_that_is_not_long_stays_whole(tmp_path: Path) -> None:
    """Half as long again as a piece is not."""
    assert await pieces(media.wav(spoken(44), HZ), tmp_path, 30.0) is None


async def test_a_recording_that_does_not_say_how_long_it_is(tmp_path: Path) -> None:
    """It is cut as it comes."""
    head = bytearray(media.flac(spoken(70), HZ))
    head[18:26] = (int.from_bytes(head[18:26], "big") & ~0xFFFFFFFFF).to_bytes(8, "big")
    found = await pieces(bytes(head), tmp_path, 30.0)
    assert found
    assert [round(len(data) / 2 / HZ) for _, data in found] == [30, 29, 11]


async def test_a_recording_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """As it is when it stays whole."""
    with pytest.raises(UndecodableMedia, match="longer than 60 s"):
        await pieces(media.wav(spoken(100), HZ), tmp_path, 30.0, longest_s=60.0)
