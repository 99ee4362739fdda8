"""Whole recordings: how many seconds of sound a second, and what is heard in them. Over REST, or as a library."""

import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from loadtest.address import Where
from loadtest.bench.peers.install import NotInstalled
from loadtest.bench.peers.peer import Spot
from loadtest.measured.clips import RATE_HZ, Clip
from loadtest.measured.words import error_rate
from loadtest.target.server import NICE
from parley.audio import media

PATIENCE_S = 400.0
TRANSCRIBE = Path(__file__).with_name("transcribe.py")


@dataclass(frozen=True)
class Sent:
    """What came back."""

    speed: float  # seconds of sound a second
    wer: float
    recordings: int


def judged(clips: Sequence[Clip], texts: Sequence[str], seconds: float) -> Sent:
    """All of them together."""
    pairs = [(clip.text, text) for clip, text in zip(clips, texts, strict=True)]
    return Sent(sum(clip.seconds for clip in clips) / seconds, error_rate(pairs), len(clips))


async def rest(where: Where, clips: Sequence[Clip], callers: int) -> Sent:
    """So many callers who take the next recording as soon as they are answered."""
    files = [media.wav(clip.pcm, RATE_HZ) for clip in clips]
    texts, left = [""] * len(files), iter(range(len(files)))
    async with httpx.AsyncClient(base_url=where.http, headers=where.credentials, timeout=PATIENCE_S) as http:
        await _text(http, files[0], where.model)  # what is made at the first call is no measure
        began = time.perf_counter()

        async def caller() -> None:
            for n in left:
                texts[n] = await _text(http, files[n], where.model)

        await asyncio.gather(*(caller() for _ in range(callers)))
        return judged(clips, texts, time.perf_counter() - began)


async def _text(http: httpx.AsyncClient, file: bytes, model: str) -> str:
    sent = {"file": ("clip.wav", file, "audio/wav")}
    answer = await http.post("/v1/audio/transcriptions", files=sent, data={"model": model, "language": "en"})
    answer.raise_for_status()
    return str(answer.json()["text"])


def library(way: str, spot: Spot, clips: Sequence[Clip], callers: int) -> Sent:
    """faster-whisper in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="parley-peers-") as folder:
        files = [Path(folder) / f"{n:03}.wav" for n in range(len(clips))]
        for clip, file in zip(clips, files, strict=True):
            file.write_bytes(media.wav(clip.pcm, RATE_HZ))
        words = [str(spot.python), str(TRANSCRIBE), way, str(spot.weights), str(callers), *map(str, files)]
        command = ["nice", "-n", str(NICE), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if done.returncode:
        raise NotInstalled(f"it failed: {(done.stderr.splitlines() or ['it said nothing'])[-1][:200]}")
    measured = json.loads(done.stdout.splitlines()[-1])
    return judged(clips, measured["texts"], float(measured["seconds"]))
