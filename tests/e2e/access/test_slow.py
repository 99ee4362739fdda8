"""Slow and silent callers, hundreds of them, beside one who only wants to be served."""

import asyncio
import resource
import struct
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from parley.client import requests_of
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from tests.e2e.cluster import Cluster

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
MANY = 300
HEAD = b"POST /v1/audio/transcriptions HTTP/1.1\r\nhost: localhost\r\n"
BODY = HEAD + b"content-type: multipart/form-data; boundary=x\r\ncontent-length: 90000\r\n\r\n--x\r\n"
UPGRADE = b"GET /v1/pipeline HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
UPGRADE += b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = PREFACE + struct.pack(">I", 0)[1:] + b"\x04\x00\x00\x00\x00\x00"
HTTP = {"nothing": b"", "half a head": HEAD, "half a body": BODY, "a socket without a word": UPGRADE}
GRPC = {"nothing": b"", "half a preface": PREFACE[:9], "a connection without a call": SETTINGS}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    cluster = Cluster(tmp_path_factory.mktemp("slow"), ("asr",))
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, MANY - 50), hard))  # a shell's own, for the children
    try:
        await cluster.start()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        yield cluster
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        cluster.stop()


async def begin(address: str, begun: bytes) -> asyncio.StreamWriter:
    """Connects and says a little."""
    host, _, port = address.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(begun)
    return writer


@pytest.mark.parametrize("what", [*(f"http {each}" for each in HTTP), *(f"grpc {each}" for each in GRPC)])
async def test_slow_callers_hold_up_nobody(cluster: Cluster, what: str) -> None:
    """Both ports answer meanwhile."""
    transport, _, name = what.partition(" ")
    address, begun = (cluster.http, HTTP[name]) if transport == "http" else (cluster.grpc, GRPC[name])
    writers = await asyncio.gather(*(begin(address, begun) for _ in range(MANY)))
    try:
        async with asyncio.timeout(20), httpx.AsyncClient(base_url=f"http://{cluster.http}") as http:
            assert (await http.get("/healthz")).status_code == 200
            assert (await http.get("/v1/models")).status_code == 200
        async with asyncio.timeout(20), cluster.client() as client:
            answers = client.stream("Asr", requests_of(AsrRequest, AsrConfig(), []), timeout_s=20)
            assert [each.WhichOneof("event") async for each in answers] == ["opened"]
    finally:
        for writer in writers:
            writer.close()


async def test_who_says_nothing_to_grpc_is_not_waited_for(cluster: Cluster) -> None:
    """Ten seconds for the first words of a connection, not two minutes."""
    host, _, port = cluster.grpc.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(30):
        while await reader.read(1000):
            pass
    writer.close()
