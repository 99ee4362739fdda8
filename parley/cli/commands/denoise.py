"""`parley denoise`: a recording -> the same without noise."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from parley.cli import options
from parley.cli.connect import stream
from parley.cli.show.printing import plain, print_json, print_line
from parley.cli.sound import Sound, pieces_of, read_file, writable, write_wav


def denoise(
    file: options.File,
    out: Annotated[str, typer.Argument(metavar="OUT.wav", help="The WAV file to write.")],
    limit_db: Annotated[float, typer.Option("--limit-db", help="Take away no more than this; 0: no limit.")] = 0.0,
    model: options.Model = "",
    server: options.Server = options.SERVER,
    as_json: options.AsJson = False,
) -> None:
    """Take the noise out of a recording."""
    sound, target = read_file(file), writable(Path(out))
    cleaned = asyncio.run(_cleaned(server, model, sound, limit_db))
    write_wav(target, bytes(cleaned.data), sound.rate_hz)
    if as_json:
        print_json({"file": file, "out": out, "duration_s": sound.duration_s, **cleaned.as_json()})
    else:
        print_line(f"{out}: {sound.duration_s:.1f} s, cleaned by {cleaned.model}{cleaned.gain()}")


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
    config, cleaned = {"format": sound.format, "attenuation_limit_db": limit_db}, Cleaned()
    async for answer in stream(server, "Denoise", config, pieces_of(sound), model=model):
        cleaned.hear(answer)
    return cleaned
