import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from parley.budget import Budget
from parley.engines.backends import Placed
from parley.engines.model import ModelRef, ModelSpec
from parley.errors import BadInput, BadModel, ModelNotReady, Unavailable, UnknownModel
from parley.serving.batcher import BatchConfig
from parley.serving.registry import Registry, VersionState
from tests.fakes import PATIENCE_S, spec_of

ONE, TWO, BAD = ModelRef("echo", "1"), ModelRef("echo", "2"), ModelRef("echo", "bad")


def spec(ref: ModelRef) -> ModelSpec:
    return replace(spec_of(), ref=ref)


class Same:
    def run(self, jobs: Sequence[int]) -> Sequence[int]:
        return jobs


class Opener:
    """Opens when it is let; fails for the bad one."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()

    def __call__(self, spec: ModelSpec) -> Placed[Same]:
        assert self.free.wait(PATIENCE_S)
        if spec.ref == BAD:
            raise BadModel("no good")
        return Placed(Same(), "CPU", "NPU: not on this machine")


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
async def registry(opener: Opener) -> AsyncIterator[Registry]:
    made = Registry(opener, BatchConfig())
    yield made
    opener.free.set()
    await made.close()


def states(registry: Registry) -> dict[ModelRef, VersionState]:
    return {model.spec.ref: model.state for model in registry.models}


async def until_gone(registry: Registry, ref: ModelRef) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while ref in states(registry):  # the registry tells nobody, and need not
            await asyncio.sleep(0)


async def test_a_loaded_model_works(registry: Registry) -> None:
    """After load it is active, knows its device, is the default, and answers."""
    model = await registry.load(spec(ONE))
    assert (model.state, model.device, model.device_reason) == (VersionState.ACTIVE, "CPU", "NPU: not on this machine")
    with registry.lease(None) as leased:
        assert leased is model
        assert await leased.batcher.submit(7, Budget.of(None)) == 7


async def test_loading_is_visible(registry: Registry, opener: Opener) -> None:
    """While it is being opened it is listed as LOADING, and a stream for it is told to come back."""
    opener.free.clear()
    task = asyncio.create_task(registry.load(spec(ONE)))
    await asyncio.sleep(0)
    assert states(registry) == {ONE: VersionState.LOADING}
    with pytest.raises(ModelNotReady) as refused, registry.lease(ONE):
        pass
    assert refused.value.retry_s
    with pytest.raises(ModelNotReady):
        await registry.load(spec(ONE))
    opener.free.set()
    assert (await task).state is VersionState.ACTIVE


async def test_a_failed_load_leaves_nothing(registry: Registry) -> None:
    """What could not be opened is not listed, is not the default, and does not hurt what is."""
    await registry.load(spec(ONE))
    with pytest.raises(BadModel):
        await registry.load(spec(BAD), make_default=True)
    assert states(registry) == {ONE: VersionState.ACTIVE}
    assert registry.default == ONE


async def test_loading_twice_is_loading_once(registry: Registry) -> None:
    """A second load of an active version gives the same one, and can make it the default."""
    first = await registry.load(spec(ONE))
    await registry.load(spec(TWO), make_default=True)
    assert registry.default == TWO
    assert await registry.load(spec(ONE), make_default=True) is first
    assert registry.default == ONE


async def test_a_stream_without_a_model_gets_the_default(registry: Registry) -> None:
    """The first loaded is the default until another is made so; with none there is nothing to lease."""
    with pytest.raises(ModelNotReady), registry.lease(None):
        pass
    await registry.load(spec(ONE))
    await registry.load(spec(TWO))
    with registry.lease(None) as model:
        assert model.spec.ref == ONE


async def test_an_unknown_version_names_the_known_ones(registry: Registry) -> None:
    """Who asks for what is not here learns what is."""
    await registry.load(spec(ONE))
    with pytest.raises(UnknownModel, match="served: echo@1"), registry.lease(TWO):
        pass


async def test_retire_waits_for_leases(registry: Registry) -> None:
    """A stream that holds a version keeps it to its end; new streams do not get it; then it is gone."""
    await registry.load(spec(ONE))
    await registry.load(spec(TWO))
    with registry.lease(TWO) as model, registry.lease(TWO):
        registry.retire(TWO)
        await asyncio.sleep(0)
        assert (model.state, model.streams) == (VersionState.DRAINING, 2)
        with pytest.raises(UnknownModel), registry.lease(TWO):
            pass
        assert await model.batcher.submit(7, Budget.of(None)) == 7
        with pytest.raises(ModelNotReady):
            await registry.load(spec(TWO))
    await until_gone(registry, TWO)
    assert model.state is VersionState.RETIRED
    with pytest.raises(Unavailable):
        await model.batcher.submit(7, Budget.of(None))


async def test_a_version_that_nobody_holds_goes_at_once(registry: Registry) -> None:
    """Without leases there is nothing to wait for, and it can be loaded again."""
    await registry.load(spec(ONE))
    await registry.load(spec(TWO))
    registry.retire(TWO)
    await until_gone(registry, TWO)
    assert (await registry.load(spec(TWO))).state is VersionState.ACTIVE


async def test_the_default_is_not_retired_under_others(registry: Registry) -> None:
    """Retiring the default while others are there would leave streams without a model; alone it may go."""
    await registry.load(spec(ONE))
    await registry.load(spec(TWO))
    with pytest.raises(BadInput, match="make another version the default first"):
        registry.retire(ONE)
    registry.retire(TWO)
    await until_gone(registry, TWO)
    registry.retire(ONE)
    assert registry.default is None
    await until_gone(registry, ONE)


async def test_what_drains_does_not_keep_the_default(registry: Registry) -> None:
    """The last active version may be retired while another is still draining."""
    await registry.load(spec(ONE))
    await registry.load(spec(TWO))
    with registry.lease(TWO):
        registry.retire(TWO)
        registry.retire(ONE)
    await until_gone(registry, TWO)
    await until_gone(registry, ONE)


async def test_a_lease_ends_however_the_stream_ends(registry: Registry) -> None:
    """An error in a stream gives its lease back."""
    model = await registry.load(spec(ONE))
    with pytest.raises(ValueError, match="x"), registry.lease(ONE):
        raise ValueError("x")
    assert model.streams == 0
    assert model.idle.is_set()


async def test_closing_leaves_no_task(opener: Opener) -> None:
    """The end of the process ends drains and batchers too."""
    before = asyncio.all_tasks()
    registry = Registry(opener, BatchConfig())
    await registry.load(spec(ONE))
    await registry.load(spec(TWO))
    with registry.lease(TWO):
        registry.retire(TWO)
        await asyncio.sleep(0)
        await registry.close()
    assert asyncio.all_tasks() == before
    assert registry.models == []


class Afar:
    """Answers only when three jobs are out, each by itself."""

    at_once = 3

    def __init__(self) -> None:
        self.out = threading.Barrier(3)

    def run(self, jobs: Sequence[int]) -> Sequence[int]:
        assert len(jobs) == 1
        self.out.wait(PATIENCE_S)
        return jobs


async def test_an_engine_that_waits_for_another_machine_has_many_jobs_out() -> None:
    """Whatever the config says of batches: one slow answer holds up nobody."""
    registry = Registry(lambda spec: Placed(Afar(), "CPU", ""), BatchConfig(max_size=16, workers=1))
    model = await registry.load(spec(ONE))
    answers = await asyncio.gather(*(model.batcher.submit(n, Budget.of(PATIENCE_S)) for n in range(3)))
    assert answers == [0, 1, 2]
    await registry.close()
