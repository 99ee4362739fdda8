"""A recording -> the same without noise. Must not know options."""

import asyncio
import os
import wave
from pathlib import Path
from typing import Any

from parley.cli.connect import connected
from parley.cli.printing import plain, print_json, print_line
from parley.cli.sound import Sound, pieces_of, read_file
from parley.client import requests_of
from parley.errors import BadInput
from parley.v1.denoise_pb2 import DenoiseConfig, DenoiseRequest


def clean(server: str, model: str, file: str, out: str, *, limit_db: float, as_json: bool) -> None:
    """Read, clean, write, say what was done."""
    sound, target = read_file(file), writable(Path(out))
    cleaned = asyncio.run(_cleaned(server, model, sound, limit_db))
    _write(target, bytes(cleaned.data), sound.rate_hz)
    if as_json:
        print_json({"file": file, "out": out, "duration_s": sound.duration_s, **cleaned.as_json()})
    else:
        print_line(f"{out}: {sound.duration_s:.1f} s, cleaned by {cleaned.model}{cleaned.gain()}")


def writable(path: Path) -> Path:
    """Refuse before the work is done, not after."""
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise BadInput(f"{path} cannot be written; name a WAV file in a folder that is yours.")
    return path


def _write(target: Path, data: bytes, rate_hz: int) -> None:
    """One channel, 16 bit."""
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(data)


class Cleaned:
    """What came back."""

    def __init__(self) -> None:
        self.data, self.model = bytearray(), ""
        self.quality: list[Any] = []

    def hear(self, answer: Any) -> None:
        """One answer of the stage."""
        kind = answer.WhichOneof("event")
        if kind == "opened":
            self.model = answer.opened.model
        elif kind == "audio":
            self.data += answer.audio.data
        elif kind == "quality":
            self.quality.append(answer.quality)

    def gain(self) -> str:
        """How much better it is, where the stage says so."""
        if not self.quality:
            return ""
        before, after = (
            sum(getattr(each, key) for each in self.quality) / len(self.quality)
            for key in ("input_snr_db", "output_snr_db")
        )
        return f", signal to noise {before:.0f} -> {after:.0f} dB"

    def as_json(self) -> dict[str, Any]:
        """All but the sound."""
        return {"model": self.model, "quality": [plain(each) for each in self.quality]}


async def _cleaned(server: str, model: str, sound: Sound, limit_db: float) -> Cleaned:
    config = DenoiseConfig(format=sound.format, attenuation_limit_db=limit_db)
    requests, cleaned = requests_of(DenoiseRequest, config, pieces_of(sound)), Cleaned()
    async with connected(server) as client:
        async for answer in client.stream("Denoise", requests, model=model):
            cleaned.hear(answer)
    return cleaned
