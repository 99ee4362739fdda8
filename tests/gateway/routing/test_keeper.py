"""What routes lead to is loaded again where it was lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.replicas.pool import Upstream
from gateway.routing.book import RouteBook
from gateway.routing.keeper import Keeper
from parley.errors import NotFound, ParleyError
from parley.v1.models_pb2 import ModelsLoadRequest
from tests.gateway.fake_replicas import FakeReplica, replicas, upstream
from tests.waiting import until

ROUTES = {"asr/default": {"versions": {"a@1": 1, "a@2": 0}, "fallback": ["a@3"], "shadow": {"a@4": 5}}}


class Asked:
    """What replicas were asked to load; a load succeeds, or raises."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loads: list[tuple[str, str]] = []
        self.error: ParleyError | None = None
        monkeypatch.setattr("gateway.replicas.replica.Replica.unary", self._unary())

    def _unary(self) -> Any:
        async def unary(replica: Any, call: Any, request: bytes, longest_s: float) -> bytes:
            self.loads.append((Path(replica.address).stem, ModelsLoadRequest.FromString(request).model))
            if self.error:
                raise self.error
            return b""

        return unary


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


@asynccontextmanager
async def keeping(here: Upstream, clock: Any = None) -> AsyncIterator[Keeper]:
    keeper = Keeper({"asr": here}, RouteBook(ROUTES, None), clock or asyncio.get_running_loop().time)
    try:
        yield keeper
    finally:
        await keeper.close()


async def has(replica: FakeReplica, *versions: str) -> None:
    for version in versions:
        await replica.serves(True, version)


async def test_what_nobody_has_is_loaded_everywhere(tmp_path: Path, asked: Asked) -> None:
    """By weight, as a fallback, as a shadow; a version of weight 0 is left out."""
    async with replicas(tmp_path, "one", "two") as made, upstream(made) as here, keeping(here) as keeper:
        await keeper.look()
        await until(lambda: len(asked.loads) == 6)
    assert set(asked.loads) == {(name, f"a@{n}") for name in ("one", "two") for n in (1, 3, 4)}


async def test_a_replica_gets_back_what_it_had_and_no_more(tmp_path: Path, asked: Asked) -> None:
    """One of two was started again; where a version never was it is not wanted."""
    async with replicas(tmp_path, "one", "two") as made, upstream(made) as here, keeping(here) as keeper:
        one, two = made
        await has(one, "a@1", "a@3", "a@4")
        await has(two, "a@1", "a@4")
        await keeper.look()
        assert asked.loads == []
        two._health._server_status.pop("parley.v1.Asr/a@1")  # as a new process: it has never heard of it
        await keeper.look()
        await until(lambda: asked.loads == [("two", "a@1")])


async def test_what_an_operator_retired_stays_away(tmp_path: Path, asked: Asked) -> None:
    """A replica that has given a version up says so, and is not asked to take it back."""
    async with replicas(tmp_path, "one") as made, upstream(made) as here, keeping(here) as keeper:
        await has(made[0], "a@1", "a@3", "a@4")
        await made[0].serves(False, "a@1")
        await keeper.look()
        assert asked.loads == []


async def test_what_cannot_be_loaded_is_said_and_tried_again_later(tmp_path: Path, asked: Asked) -> None:
    """With why, and ever more rarely."""
    now = 0.0
    asked.error = NotFound("There is no folder a/1.")
    async with (
        replicas(tmp_path, "one") as made,
        upstream(made) as here,
        keeping(here, lambda: now) as keeper,
    ):
        await has(made[0], "a@3", "a@4")
        for now in (1.0, 1.5, 100.0, 100.5):  # noqa: B007
            await keeper.look()
            await asyncio.sleep(0.01)
        assert asked.loads == [("one", "a@1")] * 2
        (fault,) = keeper.faults()
        assert (fault["model"], fault["why"]) == ("a@1", "There is no folder a/1.")
        await has(made[0], "a@1")
        await keeper.look()
        assert list(keeper.faults()) == []
