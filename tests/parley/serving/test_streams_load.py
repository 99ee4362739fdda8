"""Live streams are let in as long as the others do not become late."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from parley.budget import Budget
from parley.engines.backends import Placed
from parley.errors import TooBusy
from parley.serving.batcher import BatchConfig
from parley.serving.load import RETRY_S
from parley.serving.registry import Registry
from parley.serving.stage import ServiceConfig, Stage, read_text
from parley.serving.streams import ServiceStreams
from parley.v1 import translate_pb2 as v1
from parley.wire import protocol
from tests.fakes import spec_of
from tests.parley.serving.test_streams import CONFIG, Call, Parrot, begin, refused


class Heavy:
    """A stream takes more than half of it."""

    second_s, on_cpu = 0.5, False

    def run(self, jobs: Sequence[object]) -> Sequence[object]:
        return jobs


class OneJob(Parrot):
    """A stream that asks the engine once."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs = ["one"]

    def next_job(self) -> Any:
        return self._jobs.pop() if self._jobs else None


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    made = Registry(lambda spec: Placed(Heavy(), "CPU", ""), BatchConfig())
    await made.load(spec_of("translate"))
    yield made
    await made.close()


@pytest.fixture
def stage() -> Stage:
    service = v1.DESCRIPTOR.services_by_name["Translate"]
    return Stage(service, ServiceConfig, lambda spec: Placed(Heavy(), "CPU", ""), begin, read_text)


def streams(stage: Stage, registry: Registry) -> ServiceStreams:
    return ServiceStreams(stage, ServiceConfig(listen="", models=()), registry)


async def test_one_too_many_is_refused_before_it_is_opened(stage: Stage, registry: Registry) -> None:
    """With a hint when to come back; and who leaves gives the place back."""
    load = registry.models[0].load
    assert load
    with load.place():
        call = Call([CONFIG])
        error = await refused(streams(stage, registry), call)
        assert (type(error), error.retry_s) == (TooBusy, RETRY_S)
        assert not call.written
    for _ in range(2):
        await streams(stage, registry).handle(None, Call([CONFIG]))
    assert load.streams == 0


async def test_who_lost_a_replica_is_let_in_first(stage: Stage, registry: Registry) -> None:
    """The gateway says that the stream has begun elsewhere."""
    load = registry.models[0].load
    assert load
    load._second_s = 0.3  # two streams are three quarters: too many for a new one
    with load.place():
        await refused(streams(stage, registry), Call([CONFIG]))
        await streams(stage, registry).handle(None, Call([CONFIG], **{protocol.AGAIN.replace("-", "_"): "1"}))


async def test_what_is_not_live_is_never_too_many(stage: Stage, registry: Registry) -> None:
    """A recording waits its turn: it takes no place."""
    recordings = replace(stage, is_live=lambda config: False)
    load = registry.models[0].load
    assert load
    with load.place():
        await streams(recordings, registry).handle(None, Call([CONFIG]))


@pytest.mark.parametrize("kind", ["batch", "live"])
async def test_batch_work_waits_for_live_streams(
    stage: Stage, registry: Registry, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Its jobs go behind theirs, and may wait longer for the engine."""
    model, seen = registry.models[0], list[tuple[bool, float]]()
    submit = model.batcher.submit

    async def seeing(job: object, budget: Budget, place: object = None, *, patient: bool = False) -> object:
        seen.append((patient, budget.left))
        return await submit(job, budget, patient=patient)

    monkeypatch.setattr(model.batcher, "submit", seeing)
    monkeypatch.setattr(model, "load", None)
    call = Call([CONFIG], **{protocol.CLASS.replace("-", "_"): kind})
    one = replace(stage, begin=lambda config, spec, settings: OneJob())
    await streams(one, registry).handle(None, call)
    assert [patient for patient, _ in seen] == [kind == "batch"]
    assert (seen[0][1] > 100.0) is (kind == "batch")
