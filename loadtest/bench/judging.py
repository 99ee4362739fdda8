"""`python -m loadtest.bench.judging`: the share of the gateway's processor time that judging a canary takes.

Echoes for models, a canary that never ends at half of the streams, and streams of ten seconds of sound as quickly as
they are taken. The gateway counts the time itself: `parley_judging_seconds_total` over `process_cpu_seconds_total`.
"""

import asyncio
import json
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from loadtest.target.processes import ServerProcesses
from parley.audio.pcm import RATE_HZ, encode
from parley.cli.processes.ports import free_address
from parley.client import Client, requests_of
from parley.v1.audio_pb2 import AudioEncoding
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest

STREAMS, AT_ONCE, SOUND_S, CHUNK_S = 400, 8, 10, 0.1
MOST = 0.01
CANARY = {"alias": "asr/default", "model": "echo@2", "plan": [50, 100], "hold_s": 86_400, "shadow": 0}
ROUTES = '["asr/default"]\n"echo@1" = 100\n'
TWO = "models/embedded/asr/echo/1/model.toml"


def _chunks() -> list[bytes]:
    """Two utterances of noise in ten seconds."""
    loud = np.random.default_rng(1).standard_normal(SOUND_S * RATE_HZ).astype(np.float32) * 0.2
    loud[: RATE_HZ // 2] = loud[4 * RATE_HZ : 5 * RATE_HZ] = loud[-RATE_HZ:] = 0
    data, size = encode(loud, AudioEncoding.AUDIO_ENCODING_PCM_S16LE), round(2 * RATE_HZ * CHUNK_S)
    return [data[at : at + size] for at in range(0, len(data), size)]


def _models(folder: Path) -> Path:
    text = Path(TWO).read_text("utf-8")
    for version in ("1", "2"):
        place = folder / "asr/echo" / version
        place.mkdir(parents=True)
        (place / "model.toml").write_text(text.replace('version = "1"', f'version = "{version}"'), "utf-8")
    return folder


def _seconds(http: str) -> Iterator[float]:
    """Judging, and all of the gateway."""
    with urllib.request.urlopen(f"http://{http}/metrics", timeout=10) as answer:
        page = answer.read().decode()
    for name in ("parley_judging_seconds_total", "process_cpu_seconds_total"):
        yield next(float(line.split()[1]) for line in page.splitlines() if line.startswith(f"{name} "))


def _begin(http: str) -> None:
    headers = {"content-type": "application/json"}
    asked = urllib.request.Request(f"http://{http}/v1/rollouts/begin", json.dumps(CANARY).encode(), headers)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        answer.read()


async def _stream(client: Client, chunks: list[bytes]) -> None:
    requests = requests_of(PipelineRequest, PipelineConfig(asr={"interim_results": True}), chunks)
    async for _ in client.stream("Pipeline", requests, timeout_s=120):
        pass


async def _talk(grpc: str) -> None:
    chunks = _chunks()
    async with Client(grpc) as client:
        for _ in range(STREAMS // AT_ONCE):
            await asyncio.gather(*(_stream(client, chunks) for _ in range(AT_ONCE)))


def measure(folder: Path) -> float:
    """The share."""
    (folder / "routes.toml").write_text(ROUTES, "utf-8")
    http, grpc = free_address(), free_address()
    with ServerProcesses(folder) as processes:
        env = {"PARLEY_MODELS_ROOT": str(_models(folder / "models")), "PARLEY_MODELS": "echo@1,echo@2"}
        processes.start_service("asr", "asr", **env)
        upstreams = {"asr": processes.socket("asr")}
        more = {"PARLEY_ROUTES_FILE": str(folder / "routes.toml"), "PARLEY_READY__NEEDS": "asr"}
        processes.start_gateway("gateway", http, grpc, upstreams, **more)
        processes.await_ready(http)
        _begin(http)
        before = tuple(_seconds(http))
        asyncio.run(_talk(grpc))
        judging, every = (now - then for now, then in zip(_seconds(http), before, strict=True))
    print(f"{STREAMS} streams of {SOUND_S} s: judging {judging:.3f} s of {every:.2f} s, {100 * judging / every:.2f} %")
    return judging / every


def main() -> None:
    """Fails where it is more than one hundredth."""
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(measure(Path(folder)) >= MOST)


if __name__ == "__main__":
    main()
