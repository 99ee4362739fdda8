"""A network that takes everything and delivers nothing, between the gateway and a replica."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from gateway.config import BreakerConfig
from gateway.replicas.pool import Upstream
from parley.errors import Unavailable
from parley.wire.stages import STAGES
from tests.gateway.fake_replicas import ONE, QUICK, FakeReplica, call, replicas, said, waiting
from tests.waiting import until


class Wire:
    """From a TCP port to a replica; when it is cut, nothing passes and nobody is told."""

    def __init__(self, to: FakeReplica) -> None:
        self._path = to.address.removeprefix("unix:")
        self._whole = asyncio.Event()
        self._whole.set()
        self.connections = 0

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        self.connections += 1
        try:
            async with asyncio.TaskGroup() as group:
                far_reader, far_writer = await asyncio.open_unix_connection(self._path)
                group.create_task(self._pass(reader, far_writer))
                group.create_task(self._pass(far_reader, writer))
        except* OSError:
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            await self._whole.wait()
            writer.write(data)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def wired(to: FakeReplica) -> AsyncIterator[tuple[Wire, Upstream]]:
    """The upstream of one replica behind a wire."""
    wire = Wire(to)
    async with await asyncio.start_server(wire.carry, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        here = Upstream(STAGES["asr"], [f"{host}:{port}"], BreakerConfig(), QUICK)
        await here.start()
        try:
            await until(lambda: here.replicas[0].health() == "SERVING")
            yield wire, here
        finally:
            wire.mend()
            await here.close()


async def test_a_cut_wire_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a health check too: streams and calls end, a new connection is made, and when it is mended all works."""
    monkeypatch.setattr("gateway.replicas.replica.HEALTH_TIMEOUT_S", 60.0)
    async with replicas(tmp_path, "a") as made, wired(made[0]) as (wire, here), AsyncExitStack() as stack:
        stream = await stack.enter_async_context(here.stream(call(), waiting))
        answers = aiter(stream.answers())
        assert [await anext(answers) for _ in range(2)] == [b"a", b"config"]
        made[0].unary_s = 30.0
        asked = asyncio.create_task(here.replicas[0].unary(call(ONE), b"?", 30.0))
        await until(lambda: len(made[0].calls) == 2)
        wire.cut()
        async with asyncio.timeout(50):
            for ended in (anext(answers), asked):
                with pytest.raises(Unavailable, match="asr at 127"):
                    await ended
        await until(lambda: wire.connections > 1)
        wire.mend()
        await until(lambda: here.replicas[0].health() == "SERVING")
        assert await said(here, b"1") == [b"a", b"1"]
