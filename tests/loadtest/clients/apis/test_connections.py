from contextlib import ExitStack
from typing import Any

import grpc
import pytest

from loadtest.clients.apis.connections import MOST, Connections
from parley.client import Client
from parley.v1 import models_pb2


class FakeConnection:
    """Remembers that it was hung up."""

    is_open = True

    async def close(self) -> None:
        self.is_open = False


async def test_nobody_shares_while_there_is_room() -> None:
    """As many connections as callers; then whoever's turn was longest ago and who is not talking; all are hung up."""
    connections = Connections(FakeConnection, callers=3)
    with connections.connection() as first:
        with connections.connection() as second, connections.connection() as third:
            assert len({first, second, third}) == 3
            with connections.connection() as shared:
                assert shared is first
        with connections.connection() as free:
            assert free is second
    await connections.close()
    assert not any(each.is_open for each in (first, second, third))


def test_there_are_never_too_many() -> None:
    """However many call at a time, both sides' open files are bounded."""
    connections = Connections(FakeConnection, callers=10 * MOST)
    with ExitStack() as calls:
        assert len({calls.enter_context(connections.connection()) for _ in range(2 * MOST)}) == MOST


class Peers(grpc.GenericRpcHandler):
    """Remembers who called."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def service(self, details: object) -> "grpc.RpcMethodHandler[Any, Any]":
        return grpc.unary_unary_rpc_method_handler(self._hear)

    async def _hear(self, _: bytes, context: Any) -> bytes:
        self.seen.append(context.peer())
        return b""


@pytest.mark.parametrize(("alone", "connections"), [(True, 3), (False, 1)])
async def test_a_client_alone_has_its_own_connection(alone: bool, connections: int) -> None:
    """Other clients of one address share theirs."""
    server, peers = grpc.aio.server(), Peers()
    server.add_generic_rpc_handlers((peers,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    clients = [Client(f"127.0.0.1:{port}", alone=alone) for _ in range(3)]
    for client in clients:
        await client.models("List", models_pb2.ModelsListRequest(), "asr")
    assert len(peers.seen) == 3
    assert len(set(peers.seen)) == connections
    for client in clients:
        await client.close()
    await server.stop(None)
