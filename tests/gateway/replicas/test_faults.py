"""Replicas that fail, hang, or are away: who is called meanwhile, and what becomes of the streams that they have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parley.errors import CircuitOpen, ParleyError, Unavailable
from tests.gateway.fake_replicas import QUICK, FakeReplica, call, failing, replicas, said, upstream, waiting
from tests.waiting import never, until


async def test_one_versions_faults_leave_the_others_alone(tmp_path: Path) -> None:
    """Breakers are per version: what opens one does not close the house."""
    async with replicas(tmp_path, "a") as made, upstream(made, failures=1, rest_s=60.0) as here:
        await made[0].serves(True, "echo@2")
        made[0].script = failing(Unavailable("bad version"))
        for by in ("ann", "bob"):
            with pytest.raises(Unavailable):
                await said(here, asked=call(version="echo@2", by=by))
        with pytest.raises(CircuitOpen):
            await said(here, asked=call(version="echo@2"))
        made[0].script = type(made[0])("x", tmp_path).script
        assert await said(here, asked=call(version="echo@1")) == [b"a"]
        assert here.replicas[0].circuit == "open"


async def test_one_callers_faults_are_their_own(tmp_path: Path) -> None:
    """Who alone sees faults, however many, costs nobody else a refusal."""
    async with replicas(tmp_path, "a") as made, upstream(made, failures=3, rest_s=60.0) as here:
        good, made[0].script = made[0].script, failing(ParleyError("their request breaks it"))
        for _ in range(20):
            with pytest.raises(ParleyError, match="breaks it"):
                await said(here, asked=call(by="ann"))
        made[0].script = good
        assert await said(here, asked=call(by="bob")) == [b"a"]


async def test_a_call_waits_for_the_probe_that_decides(tmp_path: Path) -> None:
    """While a half-open circuit is being probed, others are not refused: they wait, and get in when it works."""
    async with replicas(tmp_path, "a") as made, upstream(made, failures=1, rest_s=0.1) as here:
        good, made[0].script = made[0].script, failing(ParleyError("gone"))
        for by in ("ann", "bob"):
            with pytest.raises(ParleyError, match="gone"):
                await said(here, asked=call(by=by))
        assert here.replicas[0].circuit == "open"

        async def slow(replica: FakeReplica, context: Any) -> None:
            await asyncio.sleep(0.3)
            await good(replica, context)

        made[0].script = slow
        await until(lambda: here.replicas[0].breaker("").admits())
        assert await asyncio.gather(*(said(here) for _ in range(5))) == [[b"a"]] * 5


async def test_who_was_away_gets_calls_as_soon_as_it_serves(tmp_path: Path) -> None:
    """The health check closes the circuit: no caller has to be the probe of a replica that says it is well again."""
    async with replicas(tmp_path, "a") as made, upstream(made, failures=1, rest_s=60.0) as here:
        await made[0].stop()
        await until(lambda: here.replicas[0].health() == "UNAVAILABLE")
        with pytest.raises(Unavailable):
            await said(here)
        await until(lambda: here.replicas[0].circuit == "open")  # one caller, and the health check
        again = FakeReplica("a", tmp_path)
        await again.start()
        await until(lambda: here.replicas[0].circuit == "closed")
        assert await said(here) == [b"a"]
        await again.stop()


async def test_a_silent_replica_is_left_for_another(tmp_path: Path) -> None:
    """Who takes a stream and says nothing loses it to somebody else."""

    async def silent(*_: object) -> None:
        await never()

    async with replicas(tmp_path, "a", "b") as made, upstream(made, replace(QUICK, open_s=0.1)) as here:
        made[0].script = silent
        assert await said(here, b"1") == [b"b", b"1"]


@pytest.mark.parametrize("more", [{}, {"rerouted": lambda: False}])
async def test_a_frozen_replica_is_left(more: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not say how it is loses every stream, whoever can carry it on or not, and gets no new ones."""
    monkeypatch.setattr("gateway.replicas.replica.HEALTH_TIMEOUT_S", 0.05)
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here, AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(here.stream(call(**more), waiting))
        holder = made["ab".index((await anext(aiter(exchange.answers()))).decode())]
        holder.freeze()
        with pytest.raises(Unavailable, match="does not answer"):
            async with asyncio.timeout(10):
                [answer async for answer in exchange.answers()]
        assert {(await said(here))[0] for _ in range(4)} == {b"b" if holder is made[0] else b"a"}


async def test_a_frozen_replica_is_left_before_its_first_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that has not been answered yet goes to another replica, sooner than it would by itself."""
    monkeypatch.setattr("gateway.replicas.replica.HEALTH_TIMEOUT_S", 0.05)

    async def silent(*_: object) -> None:
        await never()

    async with replicas(tmp_path, "a", "b") as made, upstream(made, replace(QUICK, open_s=60.0)) as here:
        made[0].script = silent
        streams = [asyncio.create_task(said(here, b"1")) for _ in range(2)]
        await until(lambda: bool(made[0].calls))
        made[0].freeze()
        async with asyncio.timeout(10):
            assert await asyncio.gather(*streams) == [[b"b", b"1"]] * 2


async def test_where_all_are_frozen_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who calls is told at once, and is served as soon as one answers again."""
    monkeypatch.setattr("gateway.replicas.replica.HEALTH_TIMEOUT_S", 0.05)
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here:
        for each in made:
            each.freeze()
        await until(lambda: all(replica.hangs for replica in here.replicas))
        with pytest.raises(Unavailable, match="just now"):
            await said(here, b"1")
        made[1].freeze(0.0)
        await until(lambda: not here.replicas[1].hangs)
        assert await said(here, b"1") == [b"b", b"1"]


async def test_a_gateway_that_slept_blames_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline that is noticed long after it passed says that this process stood still, not the replica."""
    monkeypatch.setattr("gateway.replicas.replica.HEALTH_TIMEOUT_S", 0.05)
    monkeypatch.setattr("gateway.replicas.replica.ASLEEP_S", -1.0)
    async with replicas(tmp_path, "a") as made, upstream(made) as here, AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(here.stream(call(), waiting))
        made[0].freeze()
        await until(lambda: here.replicas[0].health() == "DEADLINE_EXCEEDED")
        await asyncio.sleep(0.5)  # some deadlines more
        assert exchange in here.replicas[0].open
        assert not here.replicas[0].hangs


async def test_a_stream_that_nobody_reads_ends(tmp_path: Path) -> None:
    """A replica that says it is well, and takes nothing of one stream, loses that one."""

    async def unread(replica: FakeReplica, context: Any) -> None:
        await context.write(b"a")
        await never()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 16)

    async with replicas(tmp_path, "a") as made, upstream(made) as here, AsyncExitStack() as stack:
        here.replicas[0]._stall_s = 0.5
        quiet = await stack.enter_async_context(here.stream(call(), waiting))
        made[0].script = unread
        exchange = await stack.enter_async_context(here.stream(call(), endless))
        with pytest.raises(Unavailable, match="took nothing"):
            async with asyncio.timeout(20):
                [answer async for answer in exchange.answers()]
        assert quiet in here.replicas[0].open


async def test_a_slow_replica_keeps_its_streams(tmp_path: Path) -> None:
    """Who says late how it is gets no new ones meanwhile; moving the others would make it no faster."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here, AsyncExitStack() as stack:
        stays = await stack.enter_async_context(here.stream(call(rerouted=lambda: False), waiting))
        holder = "ab".index((await anext(aiter(stays.answers()))).decode())
        made[holder].freeze(2.5)
        await until(lambda: here.replicas[holder].health() == "DEADLINE_EXCEEDED")
        assert (await said(here))[0] == b"ab"[1 - holder : 2 - holder]
        await until(lambda: here.replicas[holder].health() == "SERVING")
        assert stays in here.replicas[holder].open
