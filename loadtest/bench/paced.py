"""`python -m loadtest.bench.paced`: streams sound at the pace of speech, and prints when it came back.

Latency counts from when a chunk was due, not from when it was sent, so nobody who is late can hide it.
On stdout: a line once all streams are open, then one JSON object.
"""

import argparse
import asyncio
import gc
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import uvloop

from parley.v1 import denoise_pb2, pipeline_pb2
from parley.v1.audio_pb2 import AudioFormat

CHUNK_S, CHUNK, HOP = 0.1, 1600, 256  # samples of 16 kHz; the echo model answers whole hops
TICK_S = 0.001  # the loop rounds a sleep to this: half of it more, and nobody speaks before it is due
LEAD_S = 0.25  # between the last stream's opening and the first chunk
OPTIONS = (("grpc.use_local_subchannel_pool", 1),)  # a connection for each stream, as with real clients


@dataclass(frozen=True)
class Speech:
    """What is said to a service, ready to send."""

    path: str
    config: bytes
    chunk: bytes
    answer: Any

    @classmethod
    def to(cls, service: str) -> "Speech":
        """The same sound for everyone: noise, so that nothing can take a short cut."""
        sound = {"data": random.Random(7).randbytes(2 * CHUNK)}
        request: Any = denoise_pb2.DenoiseRequest
        answer: Any = denoise_pb2.DenoiseResponse
        config: Any = denoise_pb2.DenoiseConfig()
        if service == "Pipeline":
            request, answer = pipeline_pb2.PipelineRequest, pipeline_pb2.PipelineResponse
            config = pipeline_pb2.PipelineConfig(format=AudioFormat(), denoise=config)
        first, more = request(config=config), request(audio=sound)
        return cls(f"/parley.v1.{service}/Stream", first.SerializeToString(), more.SerializeToString(), answer)


def covered(chunk: int) -> int:
    """How many samples have come back when a chunk is answered as far as whole hops go."""
    return (chunk + 1) * CHUNK // HOP * HOP


class PacedStream:
    """One stream."""

    def __init__(self, channel: grpc.aio.Channel, speech: Speech) -> None:
        self._speech = speech
        self._call: Any = channel.stream_stream(speech.path)(wait_for_ready=True)
        self.lags: list[float] = []
        self.latencies: list[float] = []

    async def open(self) -> None:
        """Sends the config and waits for `opened`."""
        await self._call.write(self._speech.config)
        await self._call.read()

    async def talk(self, start: float, chunks: int) -> None:
        """Chunk n is due at start + n chunks, whatever happened to those before."""
        speaking = asyncio.create_task(self._speak(start, chunks))
        await self._hear(start, chunks)
        await speaking

    async def _speak(self, start: float, chunks: int) -> None:
        for due in (start + n * CHUNK_S for n in range(chunks)):
            await asyncio.sleep(due + TICK_S / 2 - time.monotonic())
            self.lags.append(time.monotonic() - due)
            await self._call.write(self._speech.chunk)

    async def _hear(self, start: float, chunks: int) -> None:
        heard = 0
        while len(self.latencies) < chunks:
            data = await self._call.read()
            if data is grpc.aio.EOF:
                raise ConnectionError(f"the stream ended early: {await self._call.code()} {await self._call.details()}")
            heard += len(self._speech.answer.FromString(data).audio.data) // 2
            now = time.monotonic()
            while len(self.latencies) < chunks and heard >= covered(len(self.latencies)):
                self.latencies.append(now - (start + len(self.latencies) * CHUNK_S))

    async def close(self) -> None:
        """Hang up."""
        await self._call.done_writing()
        while await self._call.read() is not grpc.aio.EOF:
            pass


async def talk(address: str, speech: Speech, count: int, seconds: float) -> None:
    """All streams at once, each starting at a moment of its own."""
    channels = [grpc.aio.insecure_channel(address, options=OPTIONS) for _ in range(count)]
    streams = [PacedStream(channel, speech) for channel in channels]
    await asyncio.gather(*(stream.open() for stream in streams))
    gc.collect()
    gc.disable()
    print("open", flush=True)
    start, moments = time.monotonic() + LEAD_S, random.Random(count)
    await asyncio.gather(
        *(stream.talk(start + moments.random() * CHUNK_S, round(seconds / CHUNK_S)) for stream in streams)
    )
    print(json.dumps(_times(streams)), flush=True)
    await asyncio.gather(*(stream.close() for stream in streams))
    await asyncio.gather(*(channel.close() for channel in channels))


def _times(streams: Sequence[PacedStream]) -> dict[str, list[float]]:
    return {
        "latencies_ms": [round(1000 * each, 3) for stream in streams for each in stream.latencies],
        "lags_ms": [round(1000 * each, 3) for stream in streams for each in stream.lags],
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Streams sound at the pace of speech.")
    parser.add_argument("address")
    parser.add_argument("--service", choices=("Denoise", "Pipeline"), default="Denoise")
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    uvloop.run(talk(asked.address, Speech.to(asked.service), asked.streams, asked.seconds))


if __name__ == "__main__":
    main()
