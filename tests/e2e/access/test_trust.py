"""What a service asks of whoever calls it, and that its own gateway knows."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest

from parley.cli.processes.ports import free_port
from parley.client import Client, dial, requests_of
from parley.errors import Unauthenticated
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.v1.models_pb2 import ModelsListRequest, ModelsRetireRequest
from tests.e2e.certificates import certificates
from tests.e2e.cluster import ROOT, Cluster

pytestmark = pytest.mark.timeout(180)
TOKEN = "a-token-of-this-test-alone"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


async def _opened(client: Client) -> list[Any]:
    return [a async for a in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), []), timeout_s=20)]


async def _reflected(address: str) -> Any:
    async def ask() -> Any:
        yield b"\x3a\x00"  # list_services

    async with dial(address) as channel:
        answers: Any = channel.stream_stream(REFLECTION)(ask(), timeout=20)
        return [answer async for answer in answers]


async def test_a_stranger_takes_no_model_away(tmp_path: Path) -> None:
    """Who does not know the token gets health and nothing else; the gateway knows it, and serves."""
    cluster = Cluster(tmp_path, ("asr",), env={"PARLEY_TOKEN": TOKEN}, token=TOKEN)
    try:
        await cluster.start()
        service = f"unix:{cluster.socket('asr')}"
        for shown in ({}, {"authorization": "Bearer another-token-than-that"}):
            async with Client(service, shown) as stranger:
                await stranger.health()
                for call in (_opened(stranger), stranger.models("Retire", ModelsRetireRequest(model="echo@1"), "asr")):
                    with pytest.raises(Unauthenticated, match="PARLEY_TOKEN"):
                        await call
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await _reflected(service)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        async with cluster.client() as client:
            assert (await _opened(client))[0].opened.model == "echo@1"
            assert (await client.models("List", ModelsListRequest(), "asr")).models[0].model == "echo@1"
        assert all(TOKEN not in (tmp_path / f"{name}.log").read_text() for name in cluster.names)
    finally:
        cluster.stop()


async def test_a_service_may_ask_for_certificates(tmp_path: Path) -> None:
    """The gateway shows one; who has none gets no connection."""
    ca, key, cert = await asyncio.to_thread(certificates, tmp_path)
    env = {"PARLEY_TLS__CERT": cert, "PARLEY_TLS__KEY": key, "PARLEY_TLS__CLIENT_CA": ca}
    told = {"ca": ca, "cert": cert, "key": key, "name": "localhost"}
    cluster = Cluster(tmp_path, ("asr",), env=env, upstream_tls=told)
    try:
        await cluster.start()
        async with cluster.client() as client:
            assert (await _opened(client))[0].opened.model == "echo@1"
        async with dial(f"unix:{cluster.socket('asr')}") as stranger:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stranger.channel_ready(), 2)
    finally:
        cluster.stop()


@pytest.mark.parametrize("stage", ["asr", "translate"])
def test_started_by_hand_for_others_it_says_what_to_set(stage: str) -> None:
    """One sentence that can be followed, and no traceback; nothing has listened meanwhile."""
    port = free_port()
    env = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    env |= {"PARLEY_LISTEN": f"0.0.0.0:{port}", "PARLEY_TELEMETRY__METRICS": ""}
    done = subprocess.run(
        (sys.executable, "-m", f"services.{stage}"), cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode
    assert done.stderr.startswith(f"{stage}: `listen` is 0.0.0.0:{port}, which other machines reach")
    assert f"PARLEY_LISTEN=127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
