"""Several replicas of a stage: who takes a stream, and who takes it when that one cannot."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from gateway.replicas.pool import Upstream
from parley.errors import BadInput, DeadlinePassed, Draining, Overloaded, Unavailable, UnknownModel
from tests.gateway.fake_replicas import (
    ONE,
    QUICK,
    SERVICE,
    call,
    failing,
    replicas,
    said,
    upstream,
    waiting,
)
from tests.waiting import until


async def hold(stack: AsyncExitStack, here: Upstream) -> str:
    """Open a stream that stays; the name of who has it."""
    exchange = await stack.enter_async_context(here.stream(call(), waiting))
    return (await anext(aiter(exchange.answers()))).decode()


async def test_the_least_loaded_takes_the_next_stream(tmp_path: Path) -> None:
    """Four streams that stay are two for each, and one that ends makes room."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here, AsyncExitStack() as stack:
        names = [await hold(stack, here) for _ in range(4)]
        assert sorted(names) == ["a", "a", "b", "b"]
        assert [replica.streams for replica in here.replicas] == [2, 2]


async def test_a_replica_that_comes_later_gets_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that are there stay; new ones go to the newcomer, though nothing is known of its versions yet."""
    async with replicas(tmp_path, "a", "b") as made, AsyncExitStack() as stack:
        for each in made:
            await each.serves(True, "echo@1")
        known = [made[0].address]

        async def addresses(_: str) -> list[str]:
            return list(known)

        monkeypatch.setattr("gateway.replicas.pool.addresses", addresses)
        async with upstream([made[0]]) as here:
            asked = call(version="echo@1")
            for _ in range(2):
                await stack.enter_async_context(here.stream(asked, waiting))
            await until(lambda: here.replicas[0].health("echo@1") == "SERVING")
            known.append(made[1].address)
            await here._name()
            await until(lambda: here.replicas[1].health() == "SERVING")
            assert (await said(here, asked=asked))[0] == b"b"
            await stack.aclose()


async def test_who_says_not_serving_gets_nothing(tmp_path: Path) -> None:
    """A replica that drains takes no new streams, and takes them again when it serves."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here:
        await made[0].serves(False)
        await until(lambda: here.replicas[0].is_leaving())
        assert [(await said(here))[0] for _ in range(3)] == [b"b"] * 3
        await made[0].serves(True)
        await until(lambda: not here.replicas[0].is_leaving())
        assert {(await said(here))[0] for _ in range(4)} == {b"a", b"b"}


async def test_names_that_callers_make_up_are_forgotten(tmp_path: Path) -> None:
    """Each costs a look at the replica's health, not one every half second for ever."""
    async with replicas(tmp_path, "a") as made, upstream(made) as here:
        before, address = len(asyncio.all_tasks()), made[0].address
        for number in range(20):
            await said(here, asked=call(version=f"junk{number}@1"))
        await until(lambda: len(asyncio.all_tasks()) <= before)
        assert not here.replicas[0].turns
        labels = {"service": SERVICE, "address": address, "version": "junk3@1"}
        assert REGISTRY.get_sample_value("parley_breaker", labels) is None


async def test_nobody_is_ready_before_calls_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that serves now, and was last heard to say that it does not, would still be passed over."""
    async with replicas(tmp_path, "a") as made, upstream(made) as here:
        await made[0].serves(False)
        await until(lambda: here.replicas[0].is_leaving())
        monkeypatch.setattr("gateway.replicas.replica.EVERY_S", 60.0)
        await asyncio.sleep(1.0)  # until the look that was due before is over: now the next one is far away
        await made[0].serves(True)
        assert not await here.serves()
        with pytest.raises(Unavailable):
            await said(here)


@pytest.mark.parametrize("error", [Unavailable("x"), Overloaded("x"), UnknownModel("x"), Draining("x")])
async def test_what_one_refuses_another_takes(tmp_path: Path, error: Exception) -> None:
    """Until the first answer a stream may go elsewhere, and every request is sent again."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here:
        made[0].script = failing(error, after=2)
        assert await said(here, b"1", b"2", b"3") == [b"b", b"1", b"2", b"3"]
        assert len(made[0].calls) == 1


async def test_a_clients_own_fault_is_tried_once(tmp_path: Path) -> None:
    """Bad input is bad everywhere."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here:
        for each in made:
            each.script = failing(BadInput("odd"))
        with pytest.raises(BadInput):
            await said(here, b"1")
        assert sum(len(each.calls) for each in made) == 1


async def test_after_an_answer_nothing_is_tried_again(tmp_path: Path) -> None:
    """What was consumed cannot be sent to another replica in secret."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here:

        async def breaks(replica: object, context: object) -> None:
            await context.write(b"answer")  # type: ignore[attr-defined]
            raise Unavailable("gone")

        made[0].script = made[1].script = breaks
        with pytest.raises(Unavailable):
            await said(here, b"1")
        assert sum(len(each.calls) for each in made) == 1


async def test_a_full_replica_refuses_at_once_when_there_is_no_other(tmp_path: Path) -> None:
    """One replica that is full is not asked again: its caller is told when to come back."""
    async with replicas(tmp_path, "a") as made, upstream(made) as here:
        made[0].script = failing(Overloaded("full", retry_s=2.0))
        with pytest.raises(Overloaded) as refused:
            await said(here, b"1")
        assert (refused.value.retry_s, len(made[0].calls)) == (2.0, 1)


async def test_retries_are_a_share_of_the_calls(tmp_path: Path) -> None:
    """When everything fails, calls do not triple the load for ever."""
    calls = replace(QUICK, retry_share=0.1, retry_reserve=2)
    async with replicas(tmp_path, "a", "b") as made, upstream(made, calls, failures=1000) as here:
        for each in made:
            each.script = failing(Unavailable("gone"))
        for _ in range(20):
            with pytest.raises(Unavailable):
                await said(here, b"1")
        assert sum(len(each.calls) for each in made) <= 20 + 2 + 20 * 0.1


@pytest.mark.parametrize("version", ["", "echo@1"])
async def test_who_leaves_lets_go_of_what_can_be_moved(tmp_path: Path, version: str) -> None:
    """Draining ends a movable stream with DRAINING; one that cannot be moved goes on."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here, AsyncExitStack() as stack:
        moved = await stack.enter_async_context(here.stream(call(version="echo@1", rerouted=lambda: True), waiting))
        stays = await stack.enter_async_context(here.stream(call(version="echo@1"), waiting))
        holder = await anext(aiter(moved.answers()))
        for each in made:
            await each.serves(False, version)
        if not version:
            await made["ab".index("b" if holder == b"a" else "a")].serves(True)
            await made["ab".index(holder.decode())].serves(False)
        with pytest.raises(Draining):
            async with asyncio.timeout(10):
                [answer async for answer in moved.answers()]
        assert await anext(aiter(stays.answers()))


async def test_a_late_answer_is_asked_for_elsewhere(tmp_path: Path) -> None:
    """Hedging asks a second replica, and the sooner answer counts."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made, replace(QUICK, hedge_s=0.05)) as here:
        made[0].unary_s = 20.0
        assert await here.unary(call(ONE), b"?") == b"b"


async def test_what_changes_a_stage_reaches_every_replica(tmp_path: Path) -> None:
    """Loading a model on one replica of two would be half a change."""
    async with replicas(tmp_path, "a", "b") as made, upstream(made) as here:
        await here.every(call(ONE), b"load")
        assert [each.calls for each in made] == [[[b"load"]], [[b"load"]]]


async def test_a_version_may_take_longer_to_load_than_a_question_to_answer(tmp_path: Path) -> None:
    """It is tried, and then opened: minutes, where a list takes a moment."""
    slow = replace(QUICK, unary_s=0.05, load_s=20.0)
    async with replicas(tmp_path, "a") as made, upstream(made, slow) as here:
        made[0].unary_s = 0.3
        with pytest.raises(DeadlinePassed):
            await here.unary(call(ONE), b"?")
        assert await here.every(call(ONE), b"load") == b"a"


async def test_names_come_to_stand_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that appears behind a name gets streams; one that disappears gets none; a deaf DNS changes nothing."""
    async with replicas(tmp_path, "a", "b") as made:
        known = [made[0].address]

        async def addresses(_: str) -> list[str]:
            return list(known)

        monkeypatch.setattr("gateway.replicas.pool.addresses", addresses)
        async with upstream([made[0]], replace(QUICK, resolve_s=0.02)) as here:
            here._named = ("asr:1",)
            here._naming = asyncio.create_task(here._keep_naming())
            known.append(made[1].address)
            await until(lambda: len(here.replicas) == 2)
            known.remove(made[0].address)
            await until(lambda: [replica.address for replica in here.replicas] == [made[1].address])
            known.clear()
            await asyncio.sleep(0.1)  # some looks, of which nothing must come
            assert await said(here) == [b"b"]
