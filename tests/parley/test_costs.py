"""The engine's time, and for whom it is spent."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from parley.budget import Budget
from parley.costs import NONE, OTHER, Payers, paid_by
from parley.serving.batcher import BatchConfig, Batcher
from parley.telemetry import Meter
from tests.fakes import HeldEngine

LABELS = {"stage": "asr", "model": "paid@1"}


def spent(key: str) -> float:
    return REGISTRY.get_sample_value("parley_cost_seconds_total", LABELS | {"key": key}) or 0.0


def test_only_so_many_keys_have_series_of_their_own() -> None:
    """Who comes later shares one; who came first keeps theirs. What is no label is not taken for one."""
    payers = Payers(most=2)
    assert [payers.label(sent) for sent in ("a1", "b2", "c3", "a1")] == ["a1", "b2", OTHER, "a1"]
    assert payers.label("") == NONE
    for sent in ("A", "a b", 'a"', "a" * 17, "é"):
        assert Payers().label(sent) == OTHER


@pytest.mark.asyncio
async def test_those_who_share_a_batch_share_its_time() -> None:
    """Each job the same part, for the key in whose context it was handed in; the sum is what the engine took."""
    before = {key: spent(key) for key in ("one", "two", NONE)}
    took = REGISTRY.get_sample_value("parley_engine_seconds_sum", LABELS) or 0.0
    engine: HeldEngine[int, int] = HeldEngine(lambda job: job)
    batcher = Batcher(engine, BatchConfig(), Meter("asr", "paid@1"))
    tasks = [asyncio.create_task(batcher.submit(0, Budget.of(None)))]
    await engine.busy()
    for key, jobs in (("one", 3), ("two", 1)):
        with paid_by(key):
            tasks += [asyncio.create_task(batcher.submit(job, Budget.of(None))) for job in range(jobs)]
    engine.go()
    await asyncio.gather(*tasks)
    await batcher.close()
    one, two, none = (spent(key) - before[key] for key in ("one", "two", NONE))
    assert none > 0
    assert one == pytest.approx(3 * two)
    assert one + two + none == pytest.approx(
        (REGISTRY.get_sample_value("parley_engine_seconds_sum", LABELS) or 0) - took
    )
