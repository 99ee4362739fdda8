"""Asr, files: seconds of sound a second, beside faster-whisper on the same model. Must not know words."""

import time

from loadtest.bench.stages import bare
from loadtest.bench.stages.row import BenchRow, Skipped, times
from loadtest.bench.stages.setup import BenchSetup, conversation, gathered, rounds, samples
from loadtest.measured.clips import Clip
from parley.client import Client, requests_of
from parley.v1.asr_pb2 import AsrConfig, AsrRequest

SECONDS, CALLERS = 60.0, 4
PIECE = 1 << 17  # bytes, as the gateway sends files
AIM, AIM_RATE = 3.0, 200.0


def rows(setup: BenchSetup) -> list[BenchRow]:
    """One."""
    spec, clip = setup.weights("asr"), conversation(SECONDS)
    if spec.backend != "ctranslate2":
        raise Skipped(f"faster-whisper cannot open {spec.ref}: it is not CTranslate2's")
    stock, sound = bare.faster_whisper(spec), samples(clip)
    with setup.serving("asr") as address:
        ours, alone, batched = rounds(
            lambda: _ours(address, clip),
            lambda: SECONDS / stock.alone(sound),
            lambda: SECONDS / stock.batched(sound),
        )
    best = max(alone, batched)
    return [
        BenchRow(
            f"asr, files: seconds of sound a second, {CALLERS} callers",
            f"faster-whisper: {alone:.0f}; batched {batched:.0f}",
            f"{ours:.0f}, {times(ours, best)} the better one",
            f">= {AIM:g}x; >= {AIM_RATE:g}",
            ours >= max(AIM * best, AIM_RATE),
        )
    ]


def _ours(address: str, clip: Clip) -> float:
    pieces = [clip.pcm[at : at + PIECE] for at in range(0, len(clip.pcm), PIECE)]

    async def call(client: Client, _: int) -> None:
        async for _ in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), pieces)):
            pass

    began = time.perf_counter()
    gathered(address, CALLERS, call)
    return CALLERS * clip.seconds / (time.perf_counter() - began)
