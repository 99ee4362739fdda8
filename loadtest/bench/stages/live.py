"""Asr, live: streams whose finals come in time, beside stock faster-whisper, which pads everything to 30 s.

Stock has no streams: it is given what our service would hear, guess after guess and final after final, one at a time.
How many streams' worth of that it gets through in a second is how many it could carry at best.
"""

import numpy as np

from loadtest.bench.stages import bare
from loadtest.bench.stages.most import Promise, most
from loadtest.bench.stages.row import BenchRow, times
from loadtest.bench.stages.setup import BenchSetup, gathered, samples, speech
from loadtest.measured.clips import RATE_HZ, Clip
from parley.client import Client, requests_of
from parley.v1.asr_pb2 import AsrConfig, AsrRequest

LIVE = Promise("asr", "final", 500.0)
STOP_S = 0.3  # of silence end an utterance: half a second would leave no time for words
GUESS_S = 0.5
AIM, AIM_STREAMS = 10.0, 50
Spans = list[tuple[float, float]]


def rows(setup: BenchSetup) -> list[BenchRow]:
    """One."""
    spec, clip = setup.weights("asr"), speech()
    with setup.serving("asr", {"PARLEY_ENDPOINT__STOP_S": str(STOP_S)}) as address:
        ours = most(address, LIVE, clip, setup.folder / "said")
        spans = _utterances(address, clip)
    theirs = _stock(bare.faster_whisper(spec), clip, spans)
    return [
        BenchRow(
            f"asr, live: streams, end of speech to final p99 < {LIVE.p99_ms:g} ms, guesses every {GUESS_S:g} s",
            f"faster-whisper, one at a time: {theirs:.1f} at best",
            f"{ours}, {times(ours.people, theirs)}; of the wait {STOP_S:g} s is silence",
            f">= {AIM:g}x; >= {AIM_STREAMS}",
            ours.people >= max(AIM * theirs, AIM_STREAMS),
        )
    ]


def _utterances(address: str, clip: Clip) -> Spans:
    """Where the service finds any."""
    spans: Spans = []

    async def call(client: Client, _: int) -> None:
        async for answer in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), clip.chunks())):
            if answer.HasField("transcript"):
                interval = answer.transcript.interval
                spans.append((interval.start.ToTimedelta().total_seconds(), interval.end.ToTimedelta().total_seconds()))

    gathered(address, 1, call)
    return spans or [(0.0, clip.seconds)]


def _stock(stock: bare.Stock, clip: Clip, spans: Spans) -> float:
    sound, took_s = samples(clip), 0.0
    for start, end in spans:
        for heard in (*np.arange(start + GUESS_S, end, GUESS_S), end):
            took_s += stock.alone(sound[round(start * RATE_HZ) : round(heard * RATE_HZ)])
    return clip.seconds / took_s
