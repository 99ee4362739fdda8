"""Who is let in: keys, places, rates, certificates, and what the gateway refuses to start with."""

import asyncio
import json
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import pytest_asyncio

from parley.cli.processes.ports import free_port
from parley.client import Client, requests_of
from parley.errors import Forbidden, RateLimited, TooManyStreams, Unauthenticated
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.v1.models_pb2 import ModelsListRequest, ModelsLoadRequest
from parley.wire.keys import make, write
from tests.e2e.certificates import certificates
from tests.e2e.cluster import ROOT, Cluster, toml
from tests.e2e.supervised import parley
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]


class Keys:
    """A keys file; the command adds to it and takes away."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "keys.json"
        (self.ann, ann), (self.cat, cat), (self.eve, eve) = (make(name, ["use"]) for name in ("ann", "cat", "eve"))
        self.gil, gil = make("gil", ["use"])
        self.fay, fay = make("fay", ["denoise"])
        self.dan, dan = make("dan", ["admin", "use"])
        write(self.file, [ann, cat, eve, fay, gil, replace(dan, streams=1)])
        self.ben = self.run("add", "ben", "--scope", "asr", "--days", "1").stdout.decode().strip()

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        done = parley("keys", *arguments, "--file", str(self.file))
        assert done.returncode == 0, done.stderr
        return done


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> AsyncIterator[Cluster]:
    limits = {"streams": 4, "for_live": 0.5, "rate_per_key": "8/hour"}
    folder = tmp_path_factory.mktemp("front")
    routes_file = str(folder / "routes.toml")
    async with Cluster(folder, ("asr",), keys_file=str(keys.file), routes_file=routes_file, limits=limits) as cluster:
        yield cluster


def known(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def opened(client: Client) -> list[Any]:
    return [a async for a in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), []), timeout_s=20)]


async def test_no_key_no_service(cluster: Cluster, keys: Keys) -> None:
    """Without a good key every API but health says who is missing; with one it opens; neither log has the key."""
    text = keys.ann
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}") as http:
        for path in ("/v1/models", "/v1/status", "/v1/routes", "/translate"):
            assert (await http.get(path)).status_code == 401
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/v1/models", headers=known(text))).status_code == 200
        assert (await http.get("/v1/routes", headers=known(text))).status_code == 403
    async with cluster.client() as client:
        with pytest.raises(Unauthenticated):
            await opened(client)
    async with Client(cluster.grpc, known(text)) as client:
        assert (await opened(client))[0].opened.model == "echo@1"
        with pytest.raises(Forbidden):
            await client.models("Load", ModelsLoadRequest(model="echo@1"), "asr")
    assert text.split("_", 2)[2] not in (cluster.folder / "gateway.log").read_text()


async def test_a_key_in_the_body_is_a_key(cluster: Cluster, keys: Keys) -> None:
    """LibreTranslate has no other place for it: with one a call gets to the stage, without it no further than here."""
    asked = {"q": "a", "target": "de"}
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}") as http:
        assert (await http.post("/translate", json=asked)).status_code == 401
        assert (await http.post("/translate", json=asked | {"api_key": "pk_x_y"})).status_code == 401
        assert (
            await http.post("/translate", json=asked | {"api_key": keys.gil})
        ).status_code == 404  # no such stage here
        form = {"content-type": "multipart/form-data; boundary=x"}
        assert (await http.post("/translate", content=bytes(5 << 20), headers=form)).status_code == 413


async def test_a_key_is_for_its_scopes_until_it_is_revoked(cluster: Cluster, keys: Keys) -> None:
    """A key for denoise is not for asr; one that is revoked is refused within seconds."""
    async with Client(cluster.grpc, known(keys.fay)) as client:
        with pytest.raises(Forbidden):
            await opened(client)
    async with Client(cluster.grpc, known(keys.ben)) as client:
        assert await opened(client)
        assert b"ben" in keys.run("list").stdout
        keys.run("revoke", "ben")
        await asyncio.sleep(1.1)  # the file is looked at every second, and ben's rate leaves no room to ask until then
        with pytest.raises(Unauthenticated):
            await opened(client)


async def test_the_audit_line_says_whose_key_changed_the_routes(cluster: Cluster, keys: Keys) -> None:
    """Not that somebody did."""
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}", headers=known(keys.dan)) as http:
        assert (await http.post("/v1/routes/change", json={"asr/new": {"echo@1": 1}})).status_code == 200
    lines = [json.loads(line) for line in (cluster.folder / "gateway.log").read_text().splitlines()]
    assert [line["by"] for line in lines if line["logger"] == "parley.routes"] == ["dan"]


async def test_a_full_server_refuses_batch_first(cluster: Cluster, keys: Keys) -> None:
    """With two live streams open, batch work gets 429 and a time; live streams still come in, up to the limit."""
    async with (
        Client(cluster.grpc, known(keys.cat)) as client,
        httpx.AsyncClient(base_url=f"http://{cluster.http}") as http,
    ):
        held = [client.stream("Asr", _waiting(), timeout_s=30) for _ in range(4)]
        for stream in held[:2]:
            await anext(stream)
        refused = await http.post("/v1/audio/denoise", headers=known(keys.dan), files={"file": _wav()})
        assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
        for stream in held[2:]:
            await anext(stream)
        with pytest.raises(TooManyStreams) as full:
            await opened(client)
        assert full.value.retry_s
        for stream in held:
            await stream.aclose()
    async with Client(cluster.grpc, known(keys.dan)) as client:
        mine = client.stream("Asr", _waiting(), timeout_s=30)
        await anext(mine)
        with pytest.raises(TooManyStreams, match="dan"):
            await opened(client)
        await mine.aclose()


async def _waiting() -> AsyncIterator[Any]:
    yield AsrRequest(config={})
    await asyncio.Event().wait()


def _wav() -> bytes:
    return (ROOT / "examples/one-speaker.flac").read_bytes()


async def test_too_many_calls_wait(cluster: Cluster, keys: Keys) -> None:
    """The ninth call of an hour is told when to come back, and counted as shed."""
    async with Client(cluster.grpc, known(keys.eve)) as client:
        for _ in range(8):
            await client.models("List", ModelsListRequest(), "asr")
        with pytest.raises(RateLimited) as refused:
            await opened(client)
    assert 0 < (refused.value.retry_s or 0) <= 3600
    async with httpx.AsyncClient() as http:
        page = (await http.get(f"http://{cluster.http}/metrics")).text
    assert 'parley_shed_total{class="live",reason="RATE_LIMITED"} 1.0' in page


@contextmanager
def gateway(folder: Path, **config: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """A gateway without services."""
    http, rpc = free_port(), free_port()
    told = {"http": f"127.0.0.1:{http}", "grpc": f"127.0.0.1:{rpc}", "upstreams": {"asr": ["127.0.0.1:1"]}} | config
    (folder / "gateway.toml").write_text(toml(told))
    env = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    command = (sys.executable, "-m", "gateway", "--config", str(folder / "gateway.toml"))
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def test_open_to_the_world_it_does_not_start(tmp_path: Path) -> None:
    """Another machine's calls, without keys or TLS: one sentence, and no traceback."""
    with gateway(tmp_path, http="0.0.0.0:0") as process:
        _, said = await asyncio.to_thread(process.communicate, timeout=30)
    assert process.returncode
    assert b"--insecure" in said
    assert b"Traceback" not in said


async def test_both_faces_ask_for_certificates(tmp_path: Path) -> None:
    """With mTLS a caller with a certificate is served over HTTP and gRPC, one without gets no connection."""
    ca, key, cert = await asyncio.to_thread(certificates, tmp_path)
    http, rpc = free_port(), free_port()
    addresses = {"http": f"127.0.0.1:{http}", "grpc": f"127.0.0.1:{rpc}"}
    with gateway(tmp_path, **addresses, tls={"cert": cert, "key": key, "client_ca": ca}):
        context = ssl.create_default_context(cafile=ca)
        async with asyncio.timeout(30):
            await until(lambda: _answers(f"https://127.0.0.1:{http}/healthz", _with(ca, cert, key)), 0.1)
        assert not await _answers(f"https://127.0.0.1:{http}/healthz", context)
        pem = await asyncio.gather(*(asyncio.to_thread(Path(name).read_bytes) for name in (ca, key, cert)))
        assert await _greets(rpc, grpc.ssl_channel_credentials(*pem))
        assert not await _greets(rpc, grpc.ssl_channel_credentials(pem[0]))


def _with(ca: str, cert: str, key: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(cert, key)
    return context


async def _answers(url: str, context: ssl.SSLContext) -> bool:
    try:
        async with httpx.AsyncClient(verify=context) as client:
            return (await client.get(url)).status_code == 200
    except httpx.HTTPError:
        return False


async def _greets(port: int, credentials: grpc.ChannelCredentials) -> bool:
    async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
        try:
            await asyncio.wait_for(channel.channel_ready(), 3)
        except TimeoutError:
            return False
    return True
