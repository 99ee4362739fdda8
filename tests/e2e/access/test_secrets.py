"""With keys on nothing but health answers without one, and no log has one in it, at DEBUG either."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import grpc
import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from parley.client import Client, dial, requests_of
from parley.compat import riva_asr_pb2, riva_nmt_pb2
from parley.errors import Unauthenticated
from parley.v1.asr_pb2 import AsrConfig, AsrRequest
from parley.wire.keys import make, write
from parley.wire.stages import SERVICES
from tests.e2e.cluster import Cluster

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]
TEXT, KEY = make("ann", ["use"])
STRANGE = "sk-another.secret_0123456789-of-somebody"
TOKEN = "a-token-that-nobody-may-read"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    folder = tmp_path_factory.mktemp("secrets")
    write(folder / "keys.json", [KEY])
    env = {"PARLEY_TOKEN": TOKEN, "PARLEY_TELEMETRY__LOG_LEVEL": "DEBUG"}
    told: dict[str, Any] = {"keys_file": str(folder / "keys.json"), "telemetry": {"log_level": "DEBUG"}, "token": TOKEN}
    async with Cluster(folder, ("asr", "translate"), env=env, **told) as cluster:
        yield cluster


def methods() -> Iterator[str]:
    """Every one that the gateway has, but health's."""
    ours = [*SERVICES.values()]
    theirs = [each for file in (riva_asr_pb2, riva_nmt_pb2) for each in file.DESCRIPTOR.services_by_name.values()]
    for service in (*ours, *theirs):
        yield from (f"/{service.full_name}/{method.name}" for method in service.methods)
    yield "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    yield "/nobody.knows/This"


@pytest.mark.parametrize("method", list(methods()))
async def test_no_method_answers_without_a_key(cluster: Cluster, method: str) -> None:
    """Whether its messages come one by one or as streams, and whether it is there."""
    async with dial(cluster.grpc) as channel:
        for shown in ((), (("authorization", f"Bearer {STRANGE}"),)):
            call: Any = channel.unary_unary(method)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(b"", metadata=shown, timeout=20)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_reflection_and_languages_answer_with_one(cluster: Cluster) -> None:
    """Both are for those who may use the gateway."""

    async def ask() -> AsyncIterator[bytes]:
        yield b"\x3a\x00"  # list_services

    async with dial(cluster.grpc) as channel:
        call: Any = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        answers = [each async for each in call(ask(), metadata=(("x-api-key", TEXT),), timeout=20)]
        assert b"parley.v1.Pipeline" in answers[0]
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}") as http:
        assert (await http.get("/languages")).status_code == 401
        assert (await http.get("/languages", headers={"x-api-key": TEXT})).status_code == 200


HEADERS = [
    *({"authorization": f"{scheme} {{}}"} for scheme in ("Bearer", "bearer", "Basic", "Token")),
    *({name: "{}"} for name in ("x-api-key", "xi-api-key", "api-key", "proxy-authorization")),
    {"cookie": "session={}; theme=dark"},
]
QUERIES = ["token={}", "key={}", "api_key={}", "access_token={}", "model=asr/default&token={}"]
OFFERED = [["realtime", "openai-insecure-api-key.{}"], ["openai-insecure-api-key.{}"]]


async def test_no_log_has_a_key_in_it(cluster: Cluster) -> None:
    """Good ones and strange ones, in headers, queries, bodies, subprotocols and metadata, over every transport."""
    for key in (TEXT, STRANGE):
        await asyncio.gather(*(_asked(cluster, key, headers) for headers in HEADERS))
        await asyncio.gather(*(_opened(cluster, key, query=query) for query in QUERIES))
        await asyncio.gather(*(_opened(cluster, key, offered=offered) for offered in OFFERED))
        await asyncio.gather(*(_opened(cluster, key, headers=headers) for headers in HEADERS))
        await _called(cluster, key)
    logs = {name: (cluster.folder / f"{name}.log").read_text() for name in cluster.names}
    assert '"DEBUG"' in logs["gateway"]
    assert "/v1/realtime" in logs["gateway"]  # they do log what was asked
    for name, text in logs.items():
        for secret in (TEXT.split("_", 2)[2], STRANGE, TOKEN):
            assert secret not in text, (name, text[max(0, text.index(secret) - 200) :][:300])
        assert all(json.loads(line) for line in text.splitlines())


async def _asked(cluster: Cluster, key: str, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=f"http://{cluster.http}") as http:
        await http.get("/v1/models", headers={name: text.format(key) for name, text in headers.items()})
        await http.post("/translate", json={"q": "a", "target": "de", "api_key": key})
        await http.post("/detect", data={"q": "a", "api_key": key})
        for query in QUERIES:
            await http.get(f"/v1/models?{query.format(key)}")


async def _opened(
    cluster: Cluster,
    key: str,
    *,
    query: str = "",
    offered: list[str] | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    url = f"ws://{cluster.http}/v1/realtime?{query.format(key)}"
    told: dict[str, Any] = {"additional_headers": {name: text.format(key) for name, text in (headers or {}).items()}}
    told["subprotocols"] = [each.format(key) for each in offered] if offered else None
    with suppress(WebSocketException):
        async with connect(url, **told) as socket:
            await asyncio.wait_for(socket.recv(), 20)


async def _called(cluster: Cluster, key: str) -> None:
    for headers in HEADERS:
        shown = {name: text.format(key) for name, text in headers.items()}
        async with Client(cluster.grpc, shown) as client:
            with suppress(Unauthenticated):
                [a async for a in client.stream("Asr", requests_of(AsrRequest, AsrConfig(), []), timeout_s=20)]
