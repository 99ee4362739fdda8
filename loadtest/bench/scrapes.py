"""What processes answer to Prometheus while a hundred people talk: how long that takes, and how many series it is."""

import asyncio
import statistics
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loadtest.target.processes import ROOT, ServerProcesses
from parley.audio.pcm import RATE_HZ, encode
from parley.cli.processes.ports import free_address
from parley.client import Client, requests_of
from parley.v1.audio_pb2 import AudioEncoding
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.wire.keys import make, write
from parley.wire.stages import STAGES

STREAMS, KEYS, SOUND_S, CHUNK_S = 100, 60, 30, 0.1
SHORT = 20  # chunks of those who have talked before: what only shows when a stream ends is there too
VERSIONS = ("1", "2", "3")
SCRAPES, BEFORE_S = 20, 12.0
TOKEN = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Scraped:
    """One process."""

    process: str
    took_ms: list[float]
    page: str

    @property
    def series(self) -> int:
        """How many it has."""
        return sum(bool(line) and not line.startswith("#") for line in self.page.splitlines())

    @property
    def median_ms(self) -> float:
        """Of the scrapes."""
        return statistics.median(self.took_ms)


def _models(folder: Path) -> Path:
    for stage in STAGES:
        text = (ROOT / f"models/embedded/{stage}/echo/1/model.toml").read_text("utf-8")
        for version in VERSIONS:
            place = folder / stage / "echo" / version
            place.mkdir(parents=True)
            (place / "model.toml").write_text(text.replace('version = "1"', f'version = "{version}"'), "utf-8")
    return folder


def _routes() -> Iterator[str]:
    for stage in STAGES:
        yield f'["{stage}/default"]'
        yield from (f'"echo@{version}" = 1' for version in VERSIONS)


def _chunks() -> list[bytes]:
    """Half a second of noise, a second of silence, again and again."""
    loud = np.random.default_rng(1).standard_normal(SOUND_S * RATE_HZ).astype(np.float32) * 0.2
    loud[np.arange(len(loud)) % (3 * RATE_HZ // 2) > RATE_HZ // 2] = 0
    data, size = encode(loud, AudioEncoding.AUDIO_ENCODING_PCM_S16LE), round(2 * RATE_HZ * CHUNK_S)
    return [data[at : at + size] for at in range(0, len(data), size)]


async def _talk(grpc: str, key: str, chunks: list[bytes]) -> None:
    async def paced() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk
            await asyncio.sleep(CHUNK_S)

    config = PipelineConfig(denoise={}, asr={}, diarize={}, translate=[{"target_language": "de"}])
    async with Client(grpc, {"authorization": f"Bearer {key}"}) as client:
        async for _ in client.stream("Pipeline", requests_of(PipelineRequest, config, paced()), timeout_s=300):
            pass


def _scrape(process: str, address: str) -> Scraped:
    took, page = [], ""
    for _ in range(SCRAPES):
        began = time.perf_counter()
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            page = answer.read().decode()
        took.append(1000 * (time.perf_counter() - began))
        time.sleep(0.2)
    return Scraped(process, took, page)


async def _under_streams(grpc: str, keys: list[str], addresses: dict[str, str]) -> list[Scraped]:
    chunks = _chunks()
    await asyncio.gather(*(_talk(grpc, key, chunks[:SHORT]) for key in keys))
    people = [asyncio.create_task(_talk(grpc, keys[n % KEYS], chunks)) for n in range(STREAMS)]
    await asyncio.sleep(BEFORE_S)
    found = [await asyncio.to_thread(_scrape, *each) for each in addresses.items()]
    for outcome in await asyncio.gather(*people, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
    return found


def measure(folder: Path) -> list[Scraped]:
    """Every process, under a hundred pipelines of all stages, three versions of each, sixty keys."""
    made = [make(f"tenant-{number}", ["use"]) for number in range(KEYS)]
    write(folder / "keys.json", [key for _, key in made])
    (folder / "routes.toml").write_text("\n".join(_routes()), "utf-8")
    env = {"PARLEY_MODELS_ROOT": str(_models(folder / "models")), "PARLEY_TOKEN": TOKEN}
    env |= {"PARLEY_MODELS": ",".join(f"echo@{version}" for version in VERSIONS)}
    http, grpc, addresses = free_address(), free_address(), dict[str, str]()
    with ServerProcesses(folder / "server") as processes:
        for stage in STAGES:
            addresses[stage] = free_address()
            processes.start_service(stage, **env, PARLEY_TELEMETRY__METRICS=addresses[stage])
        more = {"PARLEY_ROUTES_FILE": str(folder / "routes.toml"), "PARLEY_KEYS_FILE": str(folder / "keys.json")}
        upstreams = {stage: processes.socket(stage) for stage in STAGES}
        processes.start_gateway("gateway", http, grpc, upstreams, **more, PARLEY_TOKEN=TOKEN)
        processes.await_ready(http)
        return asyncio.run(_under_streams(grpc, [text for text, _ in made], {"gateway": http, **addresses}))
