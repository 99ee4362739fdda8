"""Versions beyond the budget are put to sleep, the least used first, and woken by who asks for them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from parley.budget import Budget
from parley.engines.backends import Placed
from parley.engines.model import ModelRef, ModelSpec
from parley.errors import BadConfig, BadInput, TooLittleMemory
from parley.serving.batcher import BatchConfig
from parley.serving.memory_budget import MemoryBudget, MemoryConfig, grown_mb, resident_mb
from parley.serving.registry import Registry, VersionState
from tests.fakes import spec_of

A, B, C, D = (ModelRef(name, "1") for name in "abcd")
EACH = 30_000_000  # bytes


class Same:
    def run(self, jobs: Sequence[int]) -> Sequence[int]:
        return jobs


class Opener:
    """Counts how often it opens each."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def __call__(self, spec: ModelSpec) -> Placed[Same]:
        self.opened.append(spec.ref.name)
        return Placed(Same(), "CPU", "")


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    with (tmp_path / "w").open("wb") as file:
        file.truncate(EACH)
    return replace(spec_of(), folder=tmp_path, files={"w": "0" * 64})


def of(spec: ModelSpec, ref: ModelRef) -> ModelSpec:
    return replace(spec, ref=ref)


@pytest.fixture
async def registry(opener: Opener, spec: ModelSpec) -> AsyncIterator[Registry]:
    """Room for three, of which the default, a, stays."""
    made = Registry(opener, BatchConfig(), None, MemoryBudget(MemoryConfig(budget_mb=100)))
    for ref in (A, B, C):
        await made.load(of(spec, ref))
    yield made
    await made.close()


def asleep(registry: Registry) -> set[str]:
    return {model.spec.ref.name for model in registry.models if model.state is VersionState.ASLEEP}


async def used(registry: Registry, ref: ModelRef) -> None:
    """A stream that asks once."""
    await registry.woken(ref)
    with registry.lease(ref) as model:
        assert await model.batcher.submit(7, Budget.of(None)) == 7


async def test_the_least_used_goes_and_comes_back(registry: Registry, spec: ModelSpec, opener: Opener) -> None:
    """A fourth one needs room: b was used after c, so c sleeps; whoever asks for it is answered, and b sleeps then."""
    await used(registry, C)
    await used(registry, B)
    await registry.load(of(spec, D))
    assert asleep(registry) == {"c"}
    await used(registry, D)
    await used(registry, C)
    assert asleep(registry) == {"b"}
    assert opener.opened == ["a", "b", "c", "d", "c"]


async def test_many_who_wake_it_open_it_once(registry: Registry, spec: ModelSpec, opener: Opener) -> None:
    """All of them are answered."""
    await used(registry, B)
    await registry.load(of(spec, D))
    assert asleep(registry) == {"c"}
    await asyncio.gather(*(used(registry, C) for _ in range(5)))
    assert opener.opened.count("c") == 2


async def test_what_is_in_use_stays(registry: Registry, spec: ModelSpec) -> None:
    """With all of them in use, nothing comes in; what is told says how much is free."""
    with registry.lease(B), registry.lease(C):
        with pytest.raises(TooLittleMemory, match=r"d@1 takes about 30 MB; 100 MB may be taken .* 10 are free"):
            await registry.load(of(spec, D))
        assert asleep(registry) == set()
    assert D not in {model.spec.ref for model in registry.models}


async def test_a_sleeper_can_be_loaded_or_retired(registry: Registry, spec: ModelSpec) -> None:
    """By command, as if it were awake."""
    await registry.load(of(spec, D))
    (name,) = asleep(registry)
    assert name == "b"
    await registry.load(of(spec, B))
    assert asleep(registry) == {"c"}
    registry.retire(C)
    await asyncio.sleep(0.05)
    assert C not in {model.spec.ref for model in registry.models}
    with pytest.raises(BadInput, match="is the default"):
        registry.retire(A)


async def test_pinned_versions_stay(opener: Opener, spec: ModelSpec) -> None:
    """Those of the config, and those that it pins."""
    budget = MemoryBudget(MemoryConfig(budget_mb=70, pinned=("b@1",)), ["c@1"])
    registry = Registry(opener, BatchConfig(), None, budget)
    for ref in (B, C):
        await registry.load(of(spec, ref))
    with pytest.raises(TooLittleMemory):
        await registry.load(of(spec, D))
    assert asleep(registry) == set()
    await registry.close()
    with pytest.raises(BadConfig, match=r"`memory.pinned` has 'b'; write name@version"):
        MemoryBudget(MemoryConfig(pinned=("b",)))


async def test_without_a_budget_nothing_sleeps(opener: Opener, spec: ModelSpec) -> None:
    """As it was."""
    registry = Registry(opener, BatchConfig())
    for ref in (A, B, C, D):
        await registry.load(of(spec, ref))
    assert asleep(registry) == set()
    await registry.close()


def test_what_a_version_takes_is_measured(spec: ModelSpec, tmp_path: Path) -> None:
    """By how the process has grown; at least its files."""
    assert grown_mb(10.0, spec, lambda: 95.0) == 85.0
    assert grown_mb(10.0, spec, lambda: 15.0) == 30.0
    assert resident_mb() > 1
    assert resident_mb(tmp_path / "none") == 0.0
