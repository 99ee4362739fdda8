"""The load generator against a bare echo server of its own."""

import asyncio
import json
import sys

import grpc
import pytest

from loadtest.bench.echo import _EveryPath
from loadtest.bench.paced import CHUNK, HOP, Speech, covered
from loadtest.target.processes import ROOT


@pytest.mark.parametrize("chunk", range(20))
def test_a_chunk_is_answered_when_its_last_whole_hop_is_back(chunk: int) -> None:
    """Never more than was sent, and never a whole hop less."""
    sent = (chunk + 1) * CHUNK
    assert sent - HOP < covered(chunk) <= sent
    assert covered(chunk) % HOP == 0


@pytest.mark.parametrize("service", ["Denoise", "Pipeline"])
def test_what_is_said_is_a_chunk_of_sound(service: str) -> None:
    """100 ms of 16 kHz, and a path that exists."""
    speech = Speech.to(service)
    assert speech.path == f"/parley.v1.{service}/Stream"
    assert len(speech.chunk) - 2 * CHUNK in range(3, 12)


async def test_every_chunk_gets_a_latency_and_a_lag() -> None:
    """Two streams of five chunks are ten of each, and none came back before it was due."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_EveryPath(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    words = (f"127.0.0.1:{port}", "--streams", "2", "--seconds", "0.5")
    generator = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtest.bench.paced", *words, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    out, _ = await generator.communicate()
    await server.stop(None)
    said, told = out.decode().splitlines()
    heard = json.loads(told)
    assert said == "open"
    assert len(heard["latencies_ms"]) == len(heard["lags_ms"]) == 10
    assert min(heard["latencies_ms"]) > 0
