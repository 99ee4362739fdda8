"""Versions that callers make up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, generate_latest

from gateway.caller import Caller, Wish
from gateway.config import CallConfig, GatewayConfig
from gateway.routing.switchboard import Switchboard
from parley.errors import ParleyError, Unavailable, UnknownModel
from tests.gateway.fake_replicas import FakeReplica, replicas
from tests.waiting import until

MANY = 60


async def none() -> AsyncIterator[bytes]:
    return
    yield


@asynccontextmanager
async def board(made: list[FakeReplica]) -> AsyncIterator[Switchboard]:
    config = GatewayConfig(
        upstreams={"asr": tuple(each.address for each in made)},
        routes={"asr/default": {"routed@1": 1}},
        calls=CallConfig(open_s=1.0, pause_s=0.01),
    )
    here = Switchboard(config)
    await here.start()
    try:
        await until(lambda: all(each.health() != "UNKNOWN" for each in here.upstreams["asr"].replicas))
        yield here
    finally:
        await here.close()


async def refusal(here: Switchboard, model: str) -> ParleyError:
    with pytest.raises(ParleyError) as refused:
        async with here.stream(Wish("asr", model), Caller(), none):
            pass
    return refused.value


@pytest.mark.parametrize("frozen", [False, True])
async def test_nothing_is_kept_of_names_that_nobody_gave(tmp_path: Path, *, frozen: bool) -> None:
    """No task, no breaker, no label, also while a replica does not answer; and nobody calls a stage with them."""
    async with replicas(tmp_path, "a", "b") as made, board(made) as here:
        if frozen:
            made[1].freeze()
        before = len(asyncio.all_tasks())
        told = await asyncio.gather(*(refusal(here, f"made-up-{number}@1") for number in range(MANY)))
        assert {type(each) for each in told} == {Unavailable if frozen else UnknownModel}
        await until(lambda: len(asyncio.all_tasks()) < before + MANY / 4)  # checks of the replicas' own health may run
        assert b"made-up" not in generate_latest(REGISTRY)
        assert [each.calls for each in made] == [[], []]
        if not frozen:
            assert "asr/default" in str(told[0])


async def test_a_version_that_is_there_may_be_asked_for(tmp_path: Path) -> None:
    """By its name, in no route, on one of the replicas; and one that a route names, wherever it is."""
    async with replicas(tmp_path, "a", "b") as made, board(made) as here:
        await made[1].serves(True, "own@2")
        for model in ("own@2", "routed@1"):
            async with here.stream(Wish("asr", model), Caller(), none) as stream:
                assert len([answer async for answer in stream.answers()]) == 1
