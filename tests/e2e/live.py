"""Live streams of made speech, and what each of them was told: for tests that disturb them."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parley.audio.pcm import RATE_HZ, encode
from parley.client import Client, requests_of
from parley.v1.audio_pb2 import AudioEncoding
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from tests.e2e.cluster import cut

CONFIG = PipelineConfig(asr={"word_times": True, "interim_results": True})


def recording(seed: int) -> bytes:
    """Eight utterances of their own lengths and pauses, eleven seconds or so."""
    rng = np.random.default_rng(seed)
    pieces = []
    for length, gap in zip(rng.uniform(0.3, 1.2, 8), rng.uniform(0.55, 0.8, 8), strict=True):
        pieces += [0.2 * rng.standard_normal(int(length * RATE_HZ)), np.zeros(int(gap * RATE_HZ))]
    return encode(np.concatenate(pieces).astype(np.float32), AudioEncoding.AUDIO_ENCODING_PCM_S16LE)


@dataclass
class Heard:
    """What one stream was told."""

    finals: list[Any] = field(default_factory=list)
    notices: list[Any] = field(default_factory=list)
    stalls: list[float] = field(default_factory=list)  # between two answers
    waits: list[float] = field(default_factory=list)  # of each final: since what it says was said

    def said(self, track: str = "") -> list[tuple[str, float, list[str]]]:
        """The finals: text, start, words."""
        finals = (final for final in self.finals if final.track == track)
        return [(f.text, f.interval.start.ToMilliseconds(), [word.text for word in f.words]) for f in finals]


async def listen(
    client: Client, pcm: bytes, speed: float, begun: asyncio.Event | None = None, config: PipelineConfig = CONFIG
) -> Heard:
    """A live stream, so many times faster than people talk."""
    heard, last, start = Heard(), time.monotonic(), 0.0

    async def live() -> AsyncIterator[bytes]:
        nonlocal start
        start = time.monotonic()
        for number, chunk in enumerate(cut(pcm, 100 * (config.format.channels or 1))):
            await asyncio.sleep(start + number * 0.1 / speed - time.monotonic())  # when it was said
            yield chunk

    async for answer in client.stream("Pipeline", requests_of(PipelineRequest, config, live()), timeout_s=60):
        now, before, last = time.monotonic(), last, time.monotonic()
        heard.stalls.append(now - before)
        if answer.HasField("notice"):
            heard.notices.append(answer.notice)
        if answer.transcript.is_final:
            heard.finals.append(answer.transcript)
            heard.waits.append(now - start - answer.transcript.interval.end.ToMilliseconds() / 1000 / speed)
            if begun:
                begun.set()
    return heard
